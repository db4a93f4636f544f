"""``manage.py demo``: the whole path once, from photographs to a served study. What stands already is reused."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from stimuli.protocol import Protocol, ProtocolError, read_protocol
from studyapp.installation import kept_secret
from studyapp.management.commands.serve import check_port_is_free, port_number

PROTOCOL = Path(__file__).resolve().parents[2] / "protocols" / "demo.toml"
HOST = "127.0.0.1"
RESEARCHER = "researcher"


class Command(BaseCommand):
    """From nothing to a served study."""

    help = "Make the demo study from the built-in photographs and the built-in network, and serve it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to serve, or not at all."""
        parser.add_argument("--port", type=port_number, default=8000)
        parser.add_argument("--no-serve", action="store_true", help="make everything, then stop")
        parser.add_argument("--protocol", type=Path, default=PROTOCOL, help="another protocol on the built-in images")

    def handle(self, *, port: int, no_serve: bool, protocol: Path, **options: Any) -> None:
        """Run every step in order, each of which reuses what it finds."""
        if not no_serve:
            check_port_is_free(HOST, port)
        try:
            study = read_protocol(protocol).protocol
        except ProtocolError as error:
            raise CommandError(str(error)) from error
        self.make_study(study, protocol)
        password = self.researcher_password()
        if no_serve:
            self.stdout.write("The demo study is ready; `make demo` serves it.")
            return
        self.announce(study, port, password)
        # The server takes this process's place: it starts without torch, which generation may have loaded.
        manage = str(settings.BASE_DIR / "manage.py")
        os.execv(sys.executable, [sys.executable, manage, "serve", "--host", HOST, "--port", str(port)])

    def make_study(self, study: Protocol, path: Path) -> None:
        """Database, images, survey, stimuli, their frozen set, study."""
        stimuli = study.stimuli
        features = stimuli.all_features
        call_command("migrate", verbosity=0)
        call_command("import_images", "--built-in", "--pool", stimuli.pool)
        call_command("survey_features", stimuli.model, stimuli.pool, "--features", *features)
        call_command("generate_stimuli", str(path))
        # One image made again: enough to show that it can be done, and quick.
        call_command("freeze_stimuli", str(path), sample=1)
        call_command("create_study", str(path))

    def researcher_password(self) -> str:
        """The password of the researcher's account, made with it and kept for the owner of the data folder only."""
        password = kept_secret(settings.DATA_DIR / "researcher_password", characters=16)
        user, created = User.objects.get_or_create(
            username=RESEARCHER, defaults={"is_staff": True, "is_superuser": True}
        )
        if created:
            user.set_password(password)
            user.save()
        return password if user.check_password(password) else "as you set it"

    def announce(self, study: Protocol, port: int, password: str) -> None:
        """Say where to go."""
        address = f"http://{HOST}:{port}"
        self.stdout.write(
            "\nThe demo study is ready.\n"
            f"  Participant:  {address}/s/{study.slug}/\n"
            f"  Researcher:   {address}/researcher/{study.slug}/   (login: {RESEARCHER}, password: {password})\n"
        )

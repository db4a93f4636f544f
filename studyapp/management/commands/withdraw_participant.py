"""``manage.py withdraw_participant``: for people who write that they withdraw."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from studyapp.models import Ending, Participant
from studyapp.services.withdrawal import participant_withdraw


class Command(BaseCommand):
    """Says what will happen, asks, does it."""

    help = "Withdraw a participant: personal data is deleted, the answers as the protocol's consent says."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whom, and whether to ask."""
        parser.add_argument("code", metavar="CODE", help="the participant's code")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *, code: str, yes: bool, **options: Any) -> None:
        """Withdraw the participant, or say why not."""
        participant = Participant.objects.select_related("study").filter(code=code.strip().upper()).first()
        if participant is None:
            raise CommandError(f"There is no participant {code!r}; the code stands on the last page and in the export.")
        if participant.ended_as == Ending.WITHDRAWN:
            self.stdout.write(f"{participant} has withdrawn already.")
            return
        kept = participant.study.plan.consent.on_withdrawal == "keep"
        if not yes and not self.confirmed(participant, kept=kept):
            raise CommandError("Nothing was done.")
        participant_withdraw(participant=participant, by="withdraw_participant")
        self.stdout.write(f"{participant} has withdrawn; the answers are {'kept' if kept else 'deleted'}.")

    def confirmed(self, participant: Participant, *, kept: bool) -> bool:
        """Whether the researcher says yes to what cannot be undone."""
        answers = "keep the answers" if kept else "delete all answers"
        question = f"Delete everything personal of {participant} and {answers}? This cannot be undone. [yes/no] "
        try:
            return input(question).strip().lower() == "yes"
        except EOFError:
            return False

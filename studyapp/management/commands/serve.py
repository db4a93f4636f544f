"""``manage.py serve``: the web server."""

import errno
import socket
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from gunicorn.app.wsgiapp import WSGIApplication
from gunicorn.config import Config
from gunicorn.glogging import Logger

from studyapp.database import MIGRATE_FIRST
from studyapp.logs import WithoutLinks


class Server(WSGIApplication):
    """Gunicorn with our settings instead of its command line."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        super().__init__()

    def init(self, parser: ArgumentParser, opts: Any, args: list[str]) -> None:
        """Take nothing from the command line: it is manage.py's, not gunicorn's."""

    def load_config(self) -> None:
        """Set what the command was asked for."""
        self.app_uri = "studyapp.wsgi:application"
        for key, value in self.settings.items():
            self.cfg.set(key, value)


class ServerLog(Logger):
    """Gunicorn's own log: of a request that fails outside Django it would write the whole address."""

    def setup(self, cfg: Config) -> None:
        """Write as gunicorn does, with the formatter that cuts out what is secret."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(WithoutLinks(self.error_fmt, self.datefmt))


class Command(BaseCommand):
    """Run gunicorn on the study site."""

    help = "Serve studies to participants and researchers, until interrupted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Address and number of processes."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
        parser.add_argument("--port", type=port_number, default=8000)
        parser.add_argument("--workers", type=_at_least_one, default=2, help="web processes")

    def handle(self, *, host: str, port: int, workers: int, **options: Any) -> None:
        """Serve."""
        check_port_is_free(host, port)
        check_tables()
        if exposed := exposure(host):
            self.stderr.write(self.style.WARNING(exposed))
        self.stdout.write(
            f"Serving at http://{host}:{port}/ (Ctrl-C stops it): "
            "studies for participants at /s/SLUG/, for researchers at /researcher/ and /gallery/."
        )
        # Threads besides processes, so that one participant's slow connection does not hold up another.
        # What a proxy says of the connection is for Django's settings to believe or not.
        trust = {"forwarded_allow_ips": "", "secure_scheme_headers": {}}
        log = {"loglevel": "error", "logger_class": ServerLog}
        Server({"bind": f"{host}:{port}", "workers": workers, "threads": 4, **log, **trust}).run()


def exposure(host: str) -> str | None:
    """The sentence that warns of serving other machines without HTTPS; None where there is nothing to warn of."""
    if settings.HTTPS or host in ("localhost", "127.0.0.1", "::1"):
        return None
    return (
        "Warning: other machines reach this server without HTTPS, so logins and answers can be read on the way; "
        "docs/deployment.md says how to put it behind a proxy with HTTPS."
    )


def port_number(text: str) -> int:
    """A port as an option gives it.

    Raises:
        ArgumentTypeError: it is none.
    """
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise ArgumentTypeError(f"a port is a number from 1 to 65535 (found {text})")
    return int(text)


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"at least 1 is needed (found {text})")
    return int(text)


def check_tables() -> None:
    """Refuse a database that cannot be reached or lacks tables here, in one sentence, not on every page.

    Raises:
        CommandError: the tables are missing or of an older version.
        OperationalError: the database cannot be reached.
    """
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError(MIGRATE_FIRST)
    connection.close()


def check_port_is_free(host: str, port: int) -> None:
    """Refuse a port that is taken before gunicorn tries it five times.

    Raises:
        CommandError: something listens there, or this machine does not have the address.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CommandError(f"Port {port} is in use; choose another one, such as {port + 1}.") from error
        raise CommandError(f"Cannot listen on {host}:{port}: {error.strerror}.") from error

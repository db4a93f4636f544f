"""``manage.py serve``: the web server."""

import errno
import socket
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from gunicorn.app.wsgiapp import WSGIApplication


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


class Command(BaseCommand):
    """Run gunicorn on the study site."""

    help = "Serve studies to participants and researchers, until interrupted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Address and number of processes."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=2, help="web processes")

    def handle(self, *, host: str, port: int, workers: int, **options: Any) -> None:
        """Serve."""
        check_port_is_free(host, port)
        # Threads besides processes, so that one participant's slow connection does not hold up another.
        Server({"bind": f"{host}:{port}", "workers": workers, "threads": 4, "loglevel": "warning"}).run()


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

#!/usr/bin/env python
"""Quiddity's commands: ``python manage.py help`` lists them."""

import os
import sys


def main() -> None:
    """Run one command; an unreachable database ends in one sentence instead of a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyapp.settings")
    from django.core.management import execute_from_command_line
    from django.db import OperationalError, connection

    from studyapp.database import DatabaseUrlError, unreachable

    try:
        execute_from_command_line(sys.argv)
    except DatabaseUrlError as error:
        sys.exit(str(error))
    except OperationalError as error:
        if connection.connection is None:
            sys.exit(unreachable(connection.settings_dict, error))
        raise


if __name__ == "__main__":
    main()

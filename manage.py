#!/usr/bin/env python
"""Quiddity's commands: ``python manage.py help`` lists them."""

import os
import sys


def main() -> None:
    """Run one command; an unreachable database ends in one sentence instead of a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyapp.settings")
    # PyTorch's threads wait for each other busily unless told before it loads; on a machine with other work that
    # was measured to make generation several times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
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

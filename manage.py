#!/usr/bin/env python
"""Quiddity's commands: ``python manage.py help`` lists them."""

import os
import sys


def main() -> None:
    """Run one command; a database that does not answer or is empty ends in one sentence instead of a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyapp.settings")
    from django.core.management import execute_from_command_line
    from django.db import OperationalError, ProgrammingError, connection

    from studyapp.database import MIGRATE_FIRST, lacks_tables, no_answer, unreachable
    from studyapp.installation import InstallationError

    try:
        execute_from_command_line(sys.argv)
    except InstallationError as error:
        sys.exit(str(error))
    except (OperationalError, ProgrammingError) as error:
        if lacks_tables(error):
            sys.exit(MIGRATE_FIRST)
        if no_answer(error):
            sys.exit(unreachable(connection.settings_dict, error))
        raise


if __name__ == "__main__":
    main()

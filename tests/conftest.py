"""What every test shares: a data folder and an embedded PostgreSQL of its own, never those of an installation."""

import os
import tempfile
from pathlib import Path

import django

# Read by the settings. These are named here and not in pyproject.toml, because pytest-django would then import them
# before this file, with the data folder of the installation.
_data = tempfile.TemporaryDirectory(prefix="quiddity-tests-")
os.environ["QUIDDITY_DATA"] = _data.name
os.environ.pop("DATABASE_URL", None)
Path(_data.name).chmod(0o755)  # the embedded server runs as a user of its own when the tests run as root
os.environ["DJANGO_SETTINGS_MODULE"] = "studyapp.settings"
django.setup()  # the conftest files below import models

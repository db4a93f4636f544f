"""What every test shares: a data folder and an embedded PostgreSQL of its own, never those of an installation."""

import os
import tempfile
from pathlib import Path

# Read by the settings, which pytest-django imports before any fixture could run.
_data = tempfile.TemporaryDirectory(prefix="quiddity-tests-")
os.environ["QUIDDITY_DATA"] = _data.name
os.environ.pop("DATABASE_URL", None)
Path(_data.name).chmod(0o755)  # the embedded server runs as a user of its own when the tests run as root

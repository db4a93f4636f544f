"""Where the browser for the browser tests is. Run as a program, it installs one if it can.

Playwright's own download is not used: a distribution's Chromium, or an installed Chrome, serves as well.
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ADVICE = "No Chromium or Chrome was found: install one (Debian/Ubuntu: sudo apt-get install chromium) and run again."


def find() -> str | None:
    """The path of a Chromium or Chrome, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def arguments() -> list[str]:
    """What the browser is started with: as root it runs only without its sandbox."""
    return ["--no-sandbox"] if os.geteuid() == 0 else []


def ensure() -> str | None:
    """None when a browser is there or could be installed; else the one line that says how to get one."""
    if find():
        return None
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = ["-qq", "-o", "Dpkg::Use-Pty=0"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for step in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", *quiet, *step], env=environment, check=False)
    return None if find() else ADVICE


if __name__ == "__main__":
    sys.exit(ensure())

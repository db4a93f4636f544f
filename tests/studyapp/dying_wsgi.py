"""The site in a process that dies where a request asks for it: after the view has returned, before anything is sent.

What the view stored is committed by then, so this is the worst moment: the browser cannot know.
"""

import os
import signal
from collections.abc import Iterable
from typing import Any

from studyapp.wsgi import application as site

HEADER = "X-Die"


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    reply = site(environ, start_response)
    if environ.get("HTTP_X_DIE"):
        os.kill(os.getpid(), signal.SIGKILL)
    return reply

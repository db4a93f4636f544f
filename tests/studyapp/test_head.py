"""HEAD requests as the web server hands them over: the test client would take the body away itself."""

from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from studyapp.models import Study
from studyapp.wsgi import application


def asked(method: str, path: str) -> tuple[str, dict[str, str], bytes]:
    environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": "localhost"}
    setup_testing_defaults(environ)
    started: list[Any] = []
    body = b"".join(application(environ, lambda status, headers, *_: started.extend([status, dict(headers)])))
    return started[0], started[1], body


@pytest.mark.parametrize("path", ["/s/birds/", "/s/absent/", "/admin/login/"])
def test_the_answer_has_the_headers_of_get_and_no_body(study: Study, path: str) -> None:
    status, headers, body = asked("GET", path)
    assert body
    of_head = asked("HEAD", path)
    assert (of_head[0], of_head[2]) == (status, b"")
    assert set(of_head[1]) == set(headers)
    assert of_head[1]["Content-Length"] == headers["Content-Length"]

"""The settings of a real deployment, the headers and cookies of every answer, and what no address gives away."""

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from studyapp.installation import InstallationError, header_name, switch, whole_number
from studyapp.management.commands.serve import exposure
from studyapp.models import Study
from studyapp.services.enrolment import participant_enrol

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "QUIDDITY_HTTPS": "1",
    "QUIDDITY_ALLOWED_HOSTS": "study.example.org,.lab.example.org",
    "QUIDDITY_PROXY_HTTPS_HEADER": "X-Forwarded-Proto",
    "QUIDDITY_CLIENT_ADDRESS_HEADER": "X-Real-IP",
    "QUIDDITY_ENROLMENTS_PER_HOUR": "300",
    "DATABASE_URL": "postgresql://quiddity@db.example.org/quiddity",
}


def run(arguments: list[str], **environment: str) -> "subprocess.CompletedProcess[str]":
    """A process of its own, because settings are read once in each. None of these asks the database."""
    kept = {name: os.environ[name] for name in ("PATH", "QUIDDITY_DATA")}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=kept | environment, capture_output=True, text=True, check=False
    )


def check(**environment: str) -> "subprocess.CompletedProcess[str]":
    return run(["manage.py", "check", "--deploy", "--fail-level", "WARNING"], **environment)


def test_the_settings_of_a_deployment_pass_djangos_check() -> None:
    result = check(**PRODUCTION)
    assert result.returncode == 0, result.stderr
    assert "no issues (1 silenced)" in result.stdout + result.stderr


def test_the_check_says_what_a_deployment_lacks() -> None:
    assert "studyapp.W001" in check(**PRODUCTION | {"QUIDDITY_PROXY_HTTPS_HEADER": ""}).stderr
    assert "studyapp.W002" in check(**PRODUCTION | {"QUIDDITY_CLIENT_ADDRESS_HEADER": ""}).stderr
    assert "security.W012" in check(**PRODUCTION | {"QUIDDITY_HTTPS": "0"}).stderr


BEHIND_THE_PROXY = """
from django.test import Client
from studyapp.wsgi import application
def ask(**headers):
    return Client(headers={"host": "study.example.org", **headers}).get("/admin/login/")
plain, secure = ask(), ask(**{"X-Forwarded-Proto": "https"})
print(plain.status_code, plain.headers.get("Location"), secure.status_code)
print(secure.headers.get("Strict-Transport-Security"))
for cookie in secure.cookies.values():
    print(cookie.OutputString())
from django.conf import settings
print(settings.CSRF_TRUSTED_ORIGINS)
"""


def test_behind_the_proxy_everything_goes_by_https() -> None:
    result = run(["-c", BEHIND_THE_PROXY], **PRODUCTION)
    assert result.returncode == 0, result.stderr
    first, hsts, cookie, origins = result.stdout.splitlines()
    assert first == "301 https://study.example.org/admin/login/ 200"
    assert hsts == "max-age=31536000; includeSubDomains"
    assert cookie.startswith("__Host-csrf=")
    for part in ("HttpOnly", "Path=/", "SameSite=Lax", "Secure"):
        assert part in cookie
    assert "Domain" not in cookie
    assert origins == "['https://study.example.org', 'https://*.lab.example.org']"


def test_without_the_declaration_no_header_makes_a_request_secure() -> None:
    result = run(["-c", BEHIND_THE_PROXY], **PRODUCTION | {"QUIDDITY_PROXY_HTTPS_HEADER": ""})
    assert result.stdout.splitlines()[0].endswith(" 301")


@pytest.mark.parametrize(
    ("read", "text"),
    [(switch, "yes"), (switch, ""), (whole_number, "-1"), (whole_number, "many"), (header_name, "X Y")],
)
def test_a_wrong_variable_ends_in_one_sentence_that_names_it(read: Any, text: str) -> None:
    with pytest.raises(InstallationError, match=r"^QUIDDITY_X must be .*\.$"):
        read("QUIDDITY_X", text)


def test_serving_other_machines_without_https_is_warned_of() -> None:
    assert exposure("127.0.0.1") is None
    assert "without HTTPS" in (exposure("0.0.0.0") or "")


# Headers


@pytest.mark.parametrize(
    "address", ["/s/birds/", "/s/absent/", "/admin/login/", "/static/studyapp/style.css", "/researcher/"]
)
def test_every_answer_says_what_browsers_shall_refuse(client: Client, study: Study, address: str) -> None:
    headers = client.get(address).headers
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    if "static" not in address:
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"


def test_no_page_allows_code_or_style_within_it(client: Client, study: Study) -> None:
    for address in ("/s/birds/", "/s/absent/"):
        policy = client.get(address).headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy


def test_the_cookies_of_participants_are_out_of_reach(client: Client, study: Study) -> None:
    participant = participant_enrol(study=study, client_id=uuid.uuid4())
    client.get(f"/p/{participant.token}/", secure=True)
    remembered = client.cookies[f"participant_{study.pk}"]
    assert (remembered["httponly"], remembered["secure"], remembered["samesite"]) == (True, True, "Lax")
    assert remembered["path"] == "/s/birds/"
    for cookie in client.cookies.values():
        assert cookie["httponly"]


# Addresses


def routes(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route, pattern


def test_no_address_of_a_participant_can_be_counted_through() -> None:
    """A study by its name, a person by a secret, a trial by a random id, an image by its place on the screen."""
    unguessable = {"SlugConverter", "TokenConverter", "UUIDConverter", "SlotConverter", "FormatConverter"}
    unguessable |= {"PlaceConverter", "ImageCodeConverter"}
    seen = 0
    for route, pattern in routes(get_resolver().url_patterns):
        if re.match(r"(researcher|gallery|admin)/", route):
            continue
        converters = {type(converter).__name__ for converter in pattern.pattern.converters.values()}
        assert converters <= unguessable, route
        if route.startswith("p/"):
            assert route.startswith("p/<token:token>/"), route
            seen += 1
    assert seen >= 5


def test_no_secret_is_written_into_the_project() -> None:
    secret = re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
        r"|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30}|\bxox[bp]-[0-9]|\bsk-[A-Za-z0-9]{20}"
        r"|django-insecure|SECRET_KEY\s*=\s*[\"'][^\"']+[\"']"
        r"|postgres(?:ql)?://[^\s:/]+:(?!password@|secret@|hidden@|PASSWORD@)[^\s@]+@"
    )
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    assert len(files) > 100
    pictures = {".jpg", ".png", ".svg", ".webp"}
    text = [path for path in files if path.suffix not in pictures and path != Path(__file__)]
    found = {path.name: secret.findall(path.read_text(errors="replace")) for path in text}
    assert {name: secrets for name, secrets in found.items() if secrets} == {}
    named = {path.name for path in files}
    assert not {name for name in named if re.search(r"^\.env|secret_key|\.(?:pem|key|p12)$|_password$", name)}

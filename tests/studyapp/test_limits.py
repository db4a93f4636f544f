"""How often one address may try something, and whose address a request comes from."""

import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import timezone

from studyapp.limits import Limit, client_address, forgive, over
from studyapp.models import AttemptCount, Participant, Study

THREE = Limit("test", 3, 1_000_000_000)


def test_so_many_attempts_pass_and_the_next_does_not(db: None) -> None:
    assert [over(THREE, who="192.0.2.1") for _ in range(5)] == [False, False, False, True, True]
    assert not over(THREE, who="192.0.2.2")
    assert not over(Limit("another", 3, 1_000_000_000), who="192.0.2.1")
    forgive(THREE, who="192.0.2.1")
    assert not over(THREE, who="192.0.2.1")


def test_zero_is_no_limit_and_counts_nothing(db: None) -> None:
    assert not any(over(Limit("test", 0, 60), who="192.0.2.1") for _ in range(5))
    assert not AttemptCount.objects.exists()


def test_in_the_next_span_it_starts_again_and_what_is_over_goes(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = Limit("test", 1, 3600)
    assert [over(limit, who="192.0.2.1") for _ in range(2)] == [False, True]
    AttemptCount.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    later = timezone.now().timestamp() + 3600
    monkeypatch.setattr("studyapp.limits.time.time", lambda: later)
    assert not over(limit, who="192.0.2.1")
    assert AttemptCount.objects.count() == 1


def test_around_the_hour_hardly_more_pass_than_within_it(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    limit, hour = Limit("test", 10, 3600), (timezone.now().timestamp() // 3600 + 1) * 3600

    def passing(now: float) -> int:
        monkeypatch.setattr("studyapp.limits.time.time", lambda: now)
        return sum(not over(limit, who="192.0.2.1") for _ in range(20))

    assert passing(hour - 1) == 10
    assert passing(hour + 1) == 1


def test_what_was_tried_before_counts_less_and_less(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    limit, hour = Limit("test", 10, 3600), (timezone.now().timestamp() // 3600 + 1) * 3600
    monkeypatch.setattr("studyapp.limits.time.time", lambda: hour - 1)
    assert [over(limit, who="192.0.2.1") for _ in range(15)] == [False] * 10 + [True] * 5
    monkeypatch.setattr("studyapp.limits.time.time", lambda: hour + 1800)
    assert [over(limit, who="192.0.2.1") for _ in range(6)] == [False] * 5 + [True]


def test_who_waits_for_a_span_may_try_again(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    limit, hour = Limit("test", 10, 3600), (timezone.now().timestamp() // 3600 + 1) * 3600
    monkeypatch.setattr("studyapp.limits.time.time", lambda: hour + 1)
    assert any(over(limit, who="192.0.2.1") for _ in range(11))
    monkeypatch.setattr("studyapp.limits.time.time", lambda: hour + 3601)
    assert not over(limit, who="192.0.2.1")
    forgive(limit, who="192.0.2.1")
    assert not AttemptCount.objects.exists()


def test_no_address_is_stored(db: None) -> None:
    over(THREE, who="192.0.2.1")
    row = AttemptCount.objects.get()
    assert "192.0.2.1" not in row.key
    assert len(row.key) == 64


@pytest.mark.django_db(transaction=True)
def test_attempts_at_once_are_all_counted() -> None:
    limit, refused, start = Limit("test", 20, 1_000_000_000), [], threading.Barrier(6)

    def try_ten_times() -> None:
        start.wait()
        refused.extend(over(limit, who="192.0.2.1") for _ in range(10))
        connection.close()

    threads = [threading.Thread(target=try_ten_times) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert refused.count(False) == 20
    assert refused.count(True) == 40


# Whose address it is


@pytest.mark.parametrize(
    ("declared", "headers", "address"),
    [
        ("", {}, "127.0.0.1"),
        ("", {"X-Forwarded-For": "192.0.2.9", "X-Real-IP": "192.0.2.9"}, "127.0.0.1"),
        ("X-Real-IP", {"X-Real-IP": "192.0.2.9"}, "192.0.2.9"),
        ("X-Real-IP", {"X-Forwarded-For": "192.0.2.9"}, ""),
        ("X-Forwarded-For", {"X-Forwarded-For": "10.1.1.1, 192.0.2.9"}, "192.0.2.9"),
        ("X-Real-IP", {"X-Real-IP": "nonsense"}, ""),
        ("X-Real-IP", {"X-Real-IP": "2001:db8:1:2:3:4:5:6"}, "2001:db8:1:2::/64"),
        ("X-Real-IP", {"X-Real-IP": "::ffff:192.0.2.9"}, "192.0.2.9"),
        ("X-Real-IP", {"X-Real-IP": "192.0.2.9:5123"}, "192.0.2.9"),
        ("X-Real-IP", {"X-Real-IP": "[2001:db8:1:2::1]:443"}, "2001:db8:1:2::/64"),
        ("X-Real-IP", {"X-Real-IP": "[2001:db8:1:2::1]"}, "2001:db8:1:2::/64"),
        ("X-Real-IP", {"X-Real-IP": "fe80::1%eth0"}, "fe80::/64"),
        ("Forwarded", {"Forwarded": "for=10.1.1.1, for=192.0.2.9;proto=https"}, "192.0.2.9"),
        ("Forwarded", {"Forwarded": 'proto=https;For="[2001:db8:1:2::1]:4711"'}, "2001:db8:1:2::/64"),
        ("Forwarded", {"Forwarded": "for=unknown"}, ""),
    ],
)
def test_only_a_declared_header_is_believed(
    settings: Any, declared: str, headers: dict[str, str], address: str
) -> None:
    settings.CLIENT_ADDRESS_HEADER = declared
    assert client_address(RequestFactory(headers=headers).get("/")) == address


def test_a_unix_socket_has_no_address(caplog: pytest.LogCaptureFixture) -> None:
    assert client_address(RequestFactory(REMOTE_ADDR="").get("/")) == ""
    assert caplog.text == ""


def test_a_declared_header_without_an_address_is_reported_once_and_not_repeated(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CLIENT_ADDRESS_HEADER = "X-Of-This-Test"
    for _ in range(3):
        assert client_address(RequestFactory(headers={"X-Of-This-Test": "of anna"}).get("/")) == ""
    [line] = caplog.messages
    assert line.startswith("The header X-Of-This-Test, which QUIDDITY_CLIENT_ADDRESS_HEADER declares, holds no address")
    assert "anna" not in line


# Enrolment


def agree(study: Study, address: str) -> int:
    client = Client(REMOTE_ADDR=address)
    return client.post(f"/s/{study.slug}/", {"answer": "agree", "client_id": str(uuid.uuid4())}).status_code


def test_one_address_does_not_enrol_without_end(study: Study, settings: Any) -> None:
    settings.ENROLMENTS_PER_HOUR = 2
    assert [agree(study, "192.0.2.1") for _ in range(3)] == [302, 302, 429]
    assert agree(study, "192.0.2.2") == 302
    assert Participant.objects.count() == 3
    page = Client(REMOTE_ADDR="192.0.2.1").post(f"/s/{study.slug}/", {"answer": "agree"})
    assert page["Retry-After"] == "3600"
    assert "You have done nothing wrong" in page.content.decode()
    assert Client(REMOTE_ADDR="192.0.2.1").get(f"/s/{study.slug}/").status_code == 200


def test_an_unknown_address_is_let_in(study: Study, settings: Any) -> None:
    settings.ENROLMENTS_PER_HOUR = 1
    assert [agree(study, "") for _ in range(3)] == [302, 302, 302]


# Logging in


def log_in(password: str, *, address: str = "192.0.2.1", username: str = "anna") -> str:
    client = Client(REMOTE_ADDR=address)
    reply = client.post("/admin/login/?next=/researcher/", {"username": username, "password": password})
    return "in" if reply.status_code == 302 else "throttled" if "quarter of an hour" in reply.content.decode() else "no"


@pytest.fixture
def anna(db: None, settings: Any) -> User:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick; nobody's password
    return User.objects.create_user("anna", password="the right one", is_staff=True)


def test_passwords_are_not_guessed_without_end(anna: User) -> None:
    assert [log_in(f"guess {number}") for number in range(11)] == ["no"] * 10 + ["throttled"]
    assert log_in("the right one") == "throttled"
    assert log_in("the right one", address="192.0.2.2") == "in"


def test_a_login_forgives_the_errors_before(anna: User) -> None:
    for _ in range(2):
        assert [log_in("mistyped") for _ in range(9)] == ["no"] * 9
        assert log_in("the right one") == "in"


def test_one_address_does_not_try_many_accounts(anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studyapp.login.OF_ADDRESS", Limit("login from an address", 3, 1_000_000_000))
    guesses = [log_in("guess", username=f"somebody {number}") for number in range(4)]
    assert guesses == ["no"] * 3 + ["throttled"]

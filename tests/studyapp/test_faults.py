"""Servers die, networks lose, databases restart: every answer is stored once, and none is lost.

The figures are printed (``pytest -s``); benchmarks/faults.py does the same at greater length.
"""

import asyncio
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from studyapp.models import Response, Study
from tests.studyapp.dying_wsgi import HEADER
from tests.studyapp.enrolled import person_at_main_trials
from tests.studyapp.lossy_proxy import LossyProxy
from tests.studyapp.outbox import Answer, Person, deliver_all, exchange
from tests.studyapp.own_database import OwnDatabase
from tests.studyapp.served import ServedSite, gunicorn, url_of
from tests.studyapp.world import make_study, make_survey, protocol_text

MAIN_TRIALS = 18


@pytest.fixture
def large_study(transactional_db: None) -> Study:
    """Committed, so that other processes see it."""
    make_survey(features=MAIN_TRIALS, images=5 * MAIN_TRIALS)
    return make_study(protocol_text(features=MAIN_TRIALS, references=2))


@pytest.fixture
def site(large_study: Study, tmp_path: Path) -> Iterator[ServedSite]:
    with gunicorn(
        "tests.studyapp.dying_wsgi:application",
        database_url=url_of(connection.settings_dict),
        data=settings.DATA_DIR,
        log=tmp_path / "gunicorn.log",
    ) as running:
        yield running
        assert "Traceback" not in (tmp_path / "gunicorn.log").read_text()


def assert_each_stored_once(people: Sequence[Person], rows: Sequence[tuple[str, str, str]] | None = None) -> None:
    """What the browsers believe is what the database holds: the same answers, no other, each once."""
    answers = [answer for person in people for answer in person.answers]
    if rows is None:
        stored = Response.objects.filter(trial__phase="main")
        rows = [
            (str(trial), str(client_id), choice)
            for trial, client_id, choice in stored.values_list("trial__public_id", "client_id", "choice")
        ]
    assert sorted(rows) == sorted((answer.trial, answer.client_id, answer.choice) for answer in answers)
    assert {answer.acknowledged for answer in answers} == {"stored"}


def sent(people: Sequence[Person]) -> int:
    return sum(answer.sent for person in people for answer in person.answers)


def test_two_thousand_answers_cross_a_network_that_does_everything_wrong(large_study: Study, site: ServedSite) -> None:
    people = [person_at_main_trials(large_study, seed) for seed in range(112)]
    proxy = LossyProxy(port=site.port, seed=1)

    async def study_day() -> None:
        async with proxy as port:
            await deliver_all(people, port)

    asyncio.run(study_day())
    assert_each_stored_once(people)
    fates = (
        "request lost",
        "reply lost",
        "doubled later",
        "request cut off",
        "body shortened",
        "answered by a stranger",
    )
    assert min(proxy.did[fate] for fate in fates) > 50
    print(f"\n{Response.objects.filter(trial__phase='main').count()} answers stored once, none lost:", dict(proxy.did))


def test_a_server_killed_between_commit_and_answer_has_stored_the_answer_once(
    large_study: Study, site: ServedSite
) -> None:
    people = [person_at_main_trials(large_study, seed) for seed in range(8)]
    rng, deaths = random.Random(1), 0

    def now_and_then(answer: Answer) -> str:
        """Let the process die at one first attempt in ten."""
        nonlocal deaths
        if answer.sent or rng.random() > 0.1:
            return ""
        deaths += 1
        return f"{HEADER}: 1\r\n"

    asyncio.run(deliver_all(people, site.port, now_and_then))
    assert_each_stored_once(people)
    assert deaths > 5
    print(f"\n{8 * MAIN_TRIALS} answers, {deaths} processes killed after the commit, {sent(people)} requests")


def test_a_whole_site_killed_in_mid_session_goes_on_where_it_was(large_study: Study, site: ServedSite) -> None:
    people = [person_at_main_trials(large_study, seed) for seed in range(16)]

    async def study_day() -> None:
        sending = asyncio.create_task(deliver_all(people, site.port))
        for _ in range(2):
            await asyncio.sleep(0.4)
            site.kill()
            await asyncio.to_thread(site.start)
        await sending

    asyncio.run(study_day())
    assert_each_stored_once(people)
    print(f"\n{16 * MAIN_TRIALS} answers, all processes killed twice, {sent(people)} requests")


def test_a_database_that_stops_and_one_that_crashes_are_waited_for(tmp_path: Path) -> None:
    data, log = tmp_path / "data", tmp_path / "gunicorn.log"
    with OwnDatabase() as database:
        people = database.people(count=16, trials=MAIN_TRIALS, data=data)
        page = f"GET /p/{people[0].token}/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        with gunicorn("studyapp.wsgi:application", database_url=database.url, data=data, log=log) as site:
            meanwhile: list[bytes] = []

            async def study_day() -> None:
                sending = asyncio.create_task(deliver_all(people, site.port))
                for end in (database.stop, database.crash):
                    await asyncio.sleep(0.3)
                    await asyncio.to_thread(end)
                    meanwhile.append(await exchange(site.port, page))
                    await asyncio.to_thread(database.start)
                await sending
                meanwhile.append(await exchange(site.port, page))

            asyncio.run(study_day())
        assert_each_stored_once(people, database.main_answers())
    *outages, after = meanwhile
    for reply in outages:
        assert reply.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 5" in reply
        assert b"Your stored answers are safe" in reply
    assert after.startswith(b"HTTP/1.1 200 ")
    assert "Traceback" not in log.read_text()
    print(f"\n{16 * MAIN_TRIALS} answers, one stop and one crash of the database, {sent(people)} requests")

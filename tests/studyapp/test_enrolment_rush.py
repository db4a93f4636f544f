"""Hundreds who enrol in the same moment, each on a database connection of their own."""

import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event

import pytest
from django.db import connection, transaction
from django.utils import timezone

from studyapp.models import Participant, RecruiterIdentity, Study, Trial
from studyapp.recruitment.arrival import Arrival
from studyapp.services.enrolment import NoPlaceError, TookPartError, participant_enrol
from studyapp.services.trials import store_main
from tests.studyapp.world import make_study, protocol_text

CONDITIONS = ("none", "exemplars", "accentuation", "suppression")
# As many as the database of an installation lets in with room to spare.
AT_ONCE = 40

pytestmark = pytest.mark.django_db(transaction=True)


def rush(act: Callable[[uuid.UUID], object], people: Iterable[uuid.UUID]) -> list[object]:
    """Let all of them act at once: what each got, or the refusal."""
    crowd = list(people)
    start = Barrier(min(AT_ONCE, len(crowd)))

    def one(place: int) -> object:
        if place < start.parties:
            start.wait()
        try:
            return act(crowd[place])
        except (NoPlaceError, TookPartError) as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(len(crowd))))


def enrol(study: Study, **options: object) -> Callable[[uuid.UUID], Participant]:
    return lambda client_id: participant_enrol(
        study=Study.objects.get(pk=study.pk),
        client_id=client_id,
        **options,  # type: ignore[arg-type]
    )


def forms(count: int) -> list[uuid.UUID]:
    return [uuid.uuid4() for _ in range(count)]


def with_recruitment(*lines: str, **options: object) -> Study:
    return make_study(
        protocol_text(features=2, tables="\n".join(["[recruitment]", *lines]), **options)  # type: ignore[arg-type]
    )


def spread(counts: Iterable[int]) -> int:
    values = list(counts)
    return max(values) - min(values)


@pytest.mark.parametrize("design", ["within", "between"])
def test_300_at_once_are_balanced_over_4_conditions_and_5_batches(
    design: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = protocol_text(features=2, references=2, conditions=CONDITIONS, stimuli="batches = 5")
    study = make_study(text.replace("[trials]", f'[trials]\ndesign = "{design}"'))
    got = rush(enrol(study), forms(300))
    assert all(isinstance(one, Participant) for one in got)
    assert sorted(study.participants.values_list("number", flat=True)) == list(range(1, 301))
    for one in study.participants.all():
        store_main(one)  # as it happens when practice is over
    main = Trial.objects.filter(participant__study=study, phase="main")
    cells = Counter(
        main.values_list("query_pair__study_feature__position", "condition", "query_pair__batch").order_by()
    )
    by_person = Counter(
        {
            condition: main.filter(condition=condition).values("participant").distinct().count()
            for condition in CONDITIONS
        }
    )
    figures = f"{len(cells)} cells of {min(cells.values())} to {max(cells.values())} participants"
    with capsys.disabled():
        sys.stdout.write(f"\n300 at once, {design}: {figures}; by condition {dict(by_person)}\n")
    assert len(cells) == 2 * 4 * 5
    assert spread(cells.values()) <= 1
    if design == "between":
        assert main.values("participant", "condition").distinct().count() == 300
        assert spread(by_person.values()) <= 1


def test_a_quota_of_100_is_reached_and_never_exceeded_by_300(capsys: pytest.CaptureFixture[str]) -> None:
    study = with_recruitment("quota = 100")
    got = rush(enrol(study), forms(300))
    enrolled = [one for one in got if isinstance(one, Participant)]
    with capsys.disabled():
        sys.stdout.write(
            f"\n300 at once for 100 places: {len(enrolled)} enrolled, {len(got) - len(enrolled)} refused\n"
        )
    assert len(enrolled) == 100
    assert all(isinstance(one, Participant | NoPlaceError) for one in got)
    assert sorted(study.participants.values_list("number", flat=True)) == list(range(1, 101))


def test_of_two_who_rush_for_the_last_place_one_gets_it() -> None:
    study = with_recruitment("quota = 1")
    got = rush(enrol(study), forms(2))
    assert sorted(type(one).__name__ for one in got) == ["NoPlaceError", "Participant"]


def test_an_abandoned_place_is_given_to_one_of_many_who_rush_for_it() -> None:
    study = with_recruitment("quota = 3", "abandoned_after_min = 10")
    gone, *others = [enrol(study)(form) for form in forms(3)]
    Participant.objects.filter(pk=gone.pk).update(last_seen_at=timezone.now() - timedelta(minutes=11))
    got = rush(enrol(study), forms(20))
    (taken,) = [one for one in got if isinstance(one, Participant)]
    assert taken.number == gone.number
    gone.refresh_from_db()
    assert gone.released_at is not None
    assert study.events.filter(name="released", participant=gone).count() == 1
    assert study.participants.filter(released_at=None).count() == 3
    assert study.participants.exclude(pk__in=[gone.pk, taken.pk, *(one.pk for one in others)]).count() == 0


def test_who_finishes_in_the_moment_in_which_the_place_would_be_given_away_keeps_it() -> None:
    study = with_recruitment("quota = 1", "abandoned_after_min = 10")
    late = enrol(study)(uuid.uuid4())
    now = timezone.now()
    Participant.objects.filter(pk=late.pk).update(instructions_read_at=now, last_seen_at=now - timedelta(minutes=11))
    completing = Event()

    def act(form: uuid.UUID) -> object:
        if form != late.client_id:
            completing.wait()
            return enrol(study)(form)
        with transaction.atomic():
            Participant.objects.filter(pk=late.pk).update(completed_at=now, completion_code="DONE")
            completing.set()
            # The other one reads the row as it was before, and waits for it.
            time.sleep(0.5)
        return None

    got = rush(act, [late.client_id, uuid.uuid4()])
    assert isinstance(got[1], NoPlaceError)
    late.refresh_from_db()
    assert late.released_at is None


def test_the_same_form_sent_by_many_enrols_once() -> None:
    study = with_recruitment("quota = 5")
    form = uuid.uuid4()
    got = rush(enrol(study), [form] * 20)
    assert len({one.pk for one in got if isinstance(one, Participant)}) == 1
    assert study.participants.count() == 1


@pytest.mark.parametrize("returning", ["resume", "refuse"])
def test_one_person_in_many_browsers_is_enrolled_once(returning: str) -> None:
    study = with_recruitment('source = "sona"', f'returning = "{returning}"')
    got = rush(enrol(study, arrival=Arrival("4711")), forms(20))
    enrolled = [one for one in got if isinstance(one, Participant)]
    assert len(enrolled) == (20 if returning == "resume" else 1)
    assert len({one.pk for one in enrolled}) == 1
    assert RecruiterIdentity.objects.get().external_id == "4711"

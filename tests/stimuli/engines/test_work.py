"""How orders are cut into jobs, and what becomes of a job whose worker died."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimuli.engines.work import ATTEMPTS, Job, Work, jobs


@given(st.integers(0, 300), st.integers(1, 9), st.integers(1, 70))
def test_every_order_is_in_one_job_and_all_jobs_are_nearly_of_one_size(count: int, workers: int, chunk: int) -> None:
    found = list(jobs([f"order {number}" for number in range(count)], workers, chunk))
    assert [place for job in found for place in job.places] == list(range(count))
    assert [item for job in found for item in job.items] == [f"order {number}" for number in range(count)]
    sizes = {len(job.items) for job in found}
    assert not sizes or (max(sizes) <= chunk and max(sizes) - min(sizes) <= 1 and min(sizes) >= 1)


@pytest.mark.parametrize(
    ("count", "workers", "chunk", "sizes"),
    [
        (130, 2, 64, [32, 33, 32, 33]),  # not 64, 64, 2: both devices end at the same time
        (10, 4, 64, [2, 3, 2, 3]),  # none idle while another has all
        (3, 8, 64, [1, 1, 1]),
        (5, 2, 1, [1] * 5),
        (0, 2, 64, []),
    ],
)
def test_every_worker_gets_its_share(count: int, workers: int, chunk: int, sizes: list[int]) -> None:
    assert [len(job.items) for job in jobs(range(count), workers, chunk)] == sizes


def test_jobs_are_taken_from_the_source_only_as_they_are_needed() -> None:
    source = iter([Job((place,), (place,)) for place in range(10)])
    work = Work(source)
    assert work.waiting(2) == 2
    assert work.take().places == (0,)
    assert next(source).places == (2,)


def test_a_job_whose_worker_died_is_halved_until_the_one_deadly_item_is_found() -> None:
    work = Work([Job(tuple(range(8)), tuple("abcdefgh"))])
    done = []
    while work.waiting(1):
        job = work.take()
        if "f" in job.items:
            work.blame(job)
        else:
            done += job.items
    assert sorted(done) == list("abcdegh")
    assert work.doomed == [Job((5,), ("f",), ATTEMPTS)]


def test_a_job_that_was_not_begun_is_not_blamed_and_comes_next() -> None:
    work = Work([Job((0,), ("a",))])
    work.give_back([Job((1,), ("b",)), Job((2,), ("c",))])
    assert work.waiting(3) == 3
    assert [work.take() for _ in range(3)] == [Job((1,), ("b",)), Job((2,), ("c",)), Job((0,), ("a",))]

"""How a crew shares its work, with workers that the test moves by hand."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stimuli.engines import crew, tasks
from stimuli.engines.crew import Crew
from stimuli.engines.work import ATTEMPTS
from stimuli.engines.worker import WorkerDiedError
from stimuli.orders import EngineError, NetworkFacts, Order

FACTS = NetworkFacts("net", "a" * 64, "file", 224, [0.0], [1.0], None, "cuda (one)", {"torch": "2.11", "numpy": "2"})
ORDERS = [Order(Path(f"{seed}.png"), "logit=1", {}, seed) for seed in range(6)]


class HandWorker:
    """Answers at once, or dies: of the orders with deadly seeds, or as it is asked for the first time."""

    def __init__(self, facts: NetworkFacts = FACTS, *, deadly: tuple[int, ...] = (), stillborn: bool = False) -> None:
        self._facts, self._deadly, self._dead, self.ended = facts, deadly, stillborn, False
        self.seeds: list[list[int]] = []

    def arrival(self) -> "Future[str]":
        return self._done(lambda: "there")

    def submit(self, task: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        if task is tasks.facts:
            return self._done(lambda: self._facts)
        if task is tasks.locate:
            return self._done(lambda: ("logit", 1))
        (orders,) = arguments
        seeds = [order.seed for order in orders]
        self._dead = self._dead or bool(set(seeds) & set(self._deadly))
        if not self._dead:
            self.seeds.append(seeds)
        return self._done(lambda: seeds)

    def result(self, future: "Future[Any]") -> Any:
        return future.result()

    def end(self) -> None:
        self.ended = True

    def _done(self, value: Callable[[], Any]) -> "Future[Any]":
        future: Future[Any] = Future()
        if self._dead:
            future.set_exception(WorkerDiedError())
        else:
            future.set_result(value())
        return future


class Hired:
    """Hires workers as they are described, the last description for all that follow."""

    def __init__(self, *descriptions: Callable[[], HandWorker]) -> None:
        self._descriptions = descriptions
        self.workers: list[HandWorker] = []

    def __call__(self, _place: int) -> HandWorker:
        self.workers.append(self._descriptions[min(len(self.workers), len(self._descriptions) - 1)]())
        return self.workers[-1]


def test_devices_get_chunks_of_one_size_and_every_order_is_made_once() -> None:
    hired = Hired(HandWorker)
    made = dict(Crew(hired, 2, chunk=64).make(ORDERS))
    assert made == {place: place for place in range(6)}
    assert sorted(seeds for worker in hired.workers for seeds in worker.seeds) == [[0, 1, 2], [3, 4, 5]]
    assert len(hired.workers) == 2


def test_no_more_workers_are_hired_than_there_is_work_for() -> None:
    hired = Hired(HandWorker)
    several = Crew(hired, 8)
    assert several.locate("logit=1") == ("logit", 1)
    assert list(several.make([])) == []
    assert len(hired.workers) == 1
    assert dict(several.make(ORDERS[:2])) == {0: 0, 1: 1}
    assert len(hired.workers) == 2


def test_what_dead_workers_had_in_hand_is_made_by_others() -> None:
    hired = Hired(lambda: HandWorker(deadly=(1, 4)), lambda: HandWorker(deadly=(0,)), HandWorker)
    assert dict(Crew(hired, 2, chunk=3).make(ORDERS)) == {place: place for place in range(6)}
    assert any(worker.ended for worker in hired.workers)


def test_an_order_that_no_worker_survives_is_named_when_all_others_are_made() -> None:
    made: list[tuple[int, object]] = []
    several = Crew(Hired(lambda: HandWorker(deadly=(4,))), 2, chunk=3)
    with pytest.raises(EngineError, match=r"3 workers died of each .*: `logit=1` on 4\.png with seed 4\. All others"):
        made.extend(several.make(ORDERS))
    assert sorted(made) == [(place, place) for place in range(6) if place != 4]


def test_workers_that_die_before_they_are_ready_end_the_attempt() -> None:
    hired = Hired(lambda: HandWorker(stillborn=True))
    with pytest.raises(EngineError, match="3 workers died, one after another, before they were ready"):
        Crew(hired, 2)
    assert len(hired.workers) == ATTEMPTS


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (replace(FACTS, weights_sha256="b" * 64), "differ in weights_sha256: b{64} on there, a{64} on there"),
        (replace(FACTS, device="cuda (two)"), r"differ in device: cuda \(two\)"),
        (replace(FACTS, made_with={"torch": "2.12", "numpy": "2"}), "differ in torch: 2.12 on there, 2.11 on there"),
    ],
)
def test_a_worker_that_would_make_other_images_is_refused(other: NetworkFacts, words: str) -> None:
    hired = Hired(HandWorker, lambda: HandWorker(other))
    with pytest.raises(EngineError, match=words):
        list(Crew(hired, 2).make(ORDERS))
    assert hired.workers[1].seeds == []


def test_if_nobody_comes_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "PATIENCE_S", 0.01)

    class Absent(HandWorker):
        def arrival(self) -> "Future[str]":
            return Future()

    with pytest.raises(EngineError, match="No worker came within"):
        Crew(Hired(Absent), 1)

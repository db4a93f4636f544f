"""Worker processes with the real network: what they compute, and how their failures reach the driver."""

import multiprocessing
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from stimuli.engines.interface import NetworkSpec
from stimuli.engines.opening import open_workers
from stimuli.engines.processes import KEEP_MEMORY, ProcessWorker, open_on
from stimuli.orders import EngineError, Made, Order

NAME = "efficientnet_lite0"
QUICK = {"steps": 2, "crops": 1}


@pytest.fixture(scope="module")
def orders(photographs: Path) -> list[Order]:
    paths = sorted(photographs.glob("*.png"))[:3]
    return [Order(path, "blocks.1.0:channel=3", QUICK, seed) for seed, path in enumerate(paths)]


def test_processes_make_what_this_process_makes(orders: list[Order]) -> None:
    with open_workers(NAME, None, "cpu", 1) as here, open_workers(NAME, None, "cpu", 2) as beside:
        assert here.facts == beside.facts
        assert here.locate("logit=3") == beside.locate("logit=3") == ("logit", 3)
        assert dict(here.make(orders)) == dict(beside.make(orders))

        batches = [[order.image] for order in orders]
        ours, theirs = (dict(workers.activations(batches, ["blocks.1.0", "logit"])) for workers in (here, beside))
        for place in range(len(batches)):
            assert ours[place]["logit"].shape == (1, 1000)
            for layer, values in ours[place].items():
                np.testing.assert_array_equal(values, theirs[place][layer])
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("count", [1, 2])
def test_the_number_of_workers_and_of_threads_outside_never_shows_in_an_image(orders: list[Order], count: int) -> None:
    with open_workers(NAME, None, "cpu", 1) as here:
        expected = dict(here.make(orders[:1]))
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with open_workers(NAME, None, "cpu", count) as workers:
            assert dict(workers.make(orders[:1])) == expected
            assert torch.get_num_threads() == count  # this process computes only where it is the one worker
    finally:
        torch.set_num_threads(threads)


def test_what_a_network_refuses_in_another_process_is_said_here(orders: list[Order]) -> None:
    with pytest.raises(EngineError, match="There is no model `resnet5O`"), open_workers("resnet5O", None, "cpu", 2):
        pass
    with (
        pytest.raises(EngineError, match="regularization must be 0 or more"),
        open_workers(NAME, None, "cpu", 2) as workers,
    ):
        workers.check(replace(orders[0], config={**QUICK, "regularization": -1.0}))
    missing = Order(Path("nowhere.png"), "logit=3", QUICK, 0)
    with (
        pytest.raises(EngineError, match=r"nowhere\.png is missing or damaged"),
        open_workers(NAME, None, "cpu", 2) as workers,
    ):
        list(workers.make([missing]))


def test_devices_share_chunks_of_the_orders_and_make_the_same(orders: list[Order]) -> None:
    with open_workers(NAME, None, "cpu", 1) as here:
        expected = dict(here.make(orders))
    # There may be no GPU: two processes on the CPU stand for two.
    with open_on(NetworkSpec(NAME, None, "cuda"), ["cpu", "cpu"], chunk=2) as devices:
        assert dict(devices.make(orders)) == expected


def test_of_a_killed_worker_nothing_is_lost_and_nothing_comes_twice(orders: list[Order]) -> None:
    with open_workers(NAME, None, "cpu", 1) as here:
        expected = dict(here.make(orders))
    with open_workers(NAME, None, "cpu", 2) as beside:
        made: list[tuple[int, Made]] = []
        for one in beside.make([*orders, *orders]):
            made.append(one)
            if len(made) == 1:
                for process in multiprocessing.active_children():
                    process.kill()
    assert len(made) == 2 * len(orders)
    assert dict(made) == {place: expected[place % len(orders)] for place in range(2 * len(orders))}
    assert multiprocessing.active_children() == []


def test_an_order_that_kills_every_worker_is_named_when_the_others_are_made(orders: list[Order]) -> None:
    deadly = replace(orders[1], config={**QUICK, "steps": Deadly()}, seed=77)
    made: list[int] = []

    def make_all() -> None:
        with open_workers(NAME, None, "cpu", 2) as beside:
            made.extend(place for place, _ in beside.make([deadly, *orders]))

    with pytest.raises(EngineError, match=r"3 workers died of each .*`blocks.1.0:channel=3` on .*\.png with seed 77"):
        make_all()
    assert sorted(made) == [1, 2, 3]
    assert multiprocessing.active_children() == []


def test_a_worker_begins_with_the_settings_of_memory_and_the_driver_keeps_its_own() -> None:
    before = dict(os.environ)
    worker = ProcessWorker(NetworkSpec(NAME, None, "cpu"))
    try:
        assert worker.submit(environment).result().items() >= KEEP_MEMORY.items()
    finally:
        worker.end()
    assert dict(os.environ) == before


class Deadly:
    """Ends the process that reads it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (1,)


def environment(_spec: NetworkSpec) -> dict[str, str]:
    return dict(os.environ)

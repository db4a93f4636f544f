"""Worker processes with the real network: what they compute, and how their failures reach the driver."""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest
import torch
from django.core.management import CommandError, call_command

from stimuli.engines.opening import open_workers
from stimuli.orders import EngineError, Order

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


@pytest.mark.parametrize("command", ["generate_stimuli", "survey_features"])
@pytest.mark.parametrize("count", ["0", "-2", "many"])
def test_fewer_than_one_worker_is_refused(command: str, count: str) -> None:
    positional = ["protocol.toml"] if command == "generate_stimuli" else [NAME, "pool"]
    with pytest.raises(CommandError, match=f"at least 1 is needed .found {count}."):
        call_command(command, *positional, f"--workers={count}")


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
        workers.check({**QUICK, "regularization": -1.0})
    missing = Order(Path("nowhere.png"), "logit=3", QUICK, 0)
    with (
        pytest.raises(EngineError, match=r"nowhere\.png is missing or damaged"),
        open_workers(NAME, None, "cpu", 2) as workers,
    ):
        list(workers.make([missing]))


def test_a_worker_that_dies_ends_the_run_with_a_sentence(orders: list[Order]) -> None:
    def make_after_a_death() -> None:
        with open_workers(NAME, None, "cpu", 2) as workers:
            for process in multiprocessing.active_children():
                process.kill()
            list(workers.make(orders))

    with pytest.raises(EngineError, match="A worker process died"):
        make_after_a_death()

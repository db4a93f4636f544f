"""How fast are accentuations, against the least that a step must do and against other libraries?

``python -m benchmarks.accentuation --peers DIR``: EfficientNet-Lite0, a 512 x 512 photograph, 16 crops, on the CPU; the
libraries in DIR (benchmarks/peers says how to fill it) are skipped where they are not there. Its parts, each of which
can be asked for alone with ``--parts``:

- steps: seconds per step of ours, of the peers, and of ours without folded batch normalisation, against three floors
  (benchmarks/accentuation_steps.py). All are measured in turn, several times, in one process; medians are printed.
- profile: where the time of one of our steps goes.
- quality: what each library has gained after the same 100 steps, and how far it went from the photograph for that, so
  that speed is not bought with quality. The longest part: ``--parts steps profile`` is a quick run.
- compile: whether ``torch.compile`` of the network's passes pays.
- stimuli: many stimuli, in every precision, against the network's own passes and against faccent in the same precision.

``python -m benchmarks.accentuation --device cuda --peers DIR`` measures stimuli and compile (with CUDA graphs) instead.
It needs no network: where the weights of ResNet-50 are not there, they are random, which changes no time.

Writes benchmarks/results/accentuation-DEVICE.json, in which parts that were not measured again keep their figures as
long as the machine and the settings are the same; its content is the last line as well. With each part stands the
machine's load average before it: well above 0, other work held it up.
"""

import argparse
import json
import os
import platform
import re
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from benchmarks.accentuation_task import CROPS, LAYERS, Part
from benchmarks.peers import load_peers

RESULTS = Path(__file__).resolve().parent / "results"
PARTS = ("steps", "profile", "quality", "compile", "stimuli")
DEFAULTS = {"cpu": ("steps", "profile", "quality", "compile"), "cuda": ("stimuli", "compile")}


def processor() -> str:
    """The name of the CPU."""
    facts = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", facts.read_text()) if facts.exists() else []
    return names[0] if names else platform.processor()


def setting(options: argparse.Namespace) -> dict[str, Any]:
    """What the figures of all parts depend on."""
    device = torch.device(options.device)
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,  # with the build for CUDA or not
        **{package: version(package) for package in ("torchvision", "timm")},
        "image_side": options.image_side,
        "crops_per_step": CROPS,
    }


def results_file(folder: Path, facts: dict[str, Any]) -> Path:
    """Where the figures of this device are kept."""
    name = f"cpu-{facts['cores']}-cores" if facts["device"] == "cpu" else facts["device"].lower()
    return folder / f"accentuation-{re.sub('[^a-z0-9]+', '-', name)}.json"


def kept(path: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """What was measured before in this setting."""
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found if facts.items() <= found.items() else dict(facts)


def parse_options() -> argparse.Namespace:
    """What the command line asks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--peers", type=Path, help="folder of other libraries")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--parts", nargs="+", choices=PARTS, help="those of the device, if none is named")
    parser.add_argument("--steps", type=int, default=3, help="that are timed in a round")
    parser.add_argument("--rounds", type=int, default=4, help="of steps and of compiled passes, in turn")
    parser.add_argument("--quality-steps", type=int, default=100, help="after which gain and distance are measured")
    parser.add_argument("--stimuli", type=int, default=64, help="in the part of this name")
    parser.add_argument("--stimulus-steps", type=int, default=100, help="of each of them")
    parser.add_argument("--models", nargs="+", choices=LAYERS, default=list(LAYERS), help="of stimuli, and on a GPU")
    parser.add_argument("--image-side", type=int, default=512, help="in pixels")
    parser.add_argument("--results", type=Path, default=RESULTS, help="another folder, for a trial")
    return parser.parse_args()


def main() -> None:
    """Measure, write and print."""
    options = parse_options()
    facts = setting(options)
    path = results_file(options.results, facts)
    summary = kept(path, facts)
    peers = load_peers(options.peers)
    for name in options.parts or DEFAULTS[torch.device(options.device).type]:
        load = round(os.getloadavg()[0], 1)
        measure: Part = import_module(f"benchmarks.accentuation_{name}").measure
        for figures in measure(options, peers):
            summary |= {f"{name}_load_before": load, **figures}
            # At once, so that what was measured stays where the time runs out.
            path.write_text(json.dumps(summary, indent=1) + "\n")
    print(json.dumps(summary))


if __name__ == "__main__":
    main()

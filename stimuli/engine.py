"""The one door to the network: what the commands need of `accentuation`, in terms of files and plain values.

The only module here that imports torch; commands import it when they have work for it, not before.
"""

import hashlib
import json
import os
import platform
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from io import BytesIO
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

import accentuation
from accentuation.attribution import attribute
from accentuation.measuring import check_layer
from accentuation.overlay import overlay
from stimuli.code_version import sha256_of_files, sha256_of_image_modules
from stimuli.likeness import saturation, ssim
from stimuli.orders import EngineError, Figures, ImageSource, Made, NetworkFacts, Order, Picture
from stimuli.pictures import decode, encode

# The clean crops on which a stimulus is judged: the same for all, and drawn for no stimulus.
CLEAN_CROPS = 16
CLEAN_SEED = 2**63

# Seeds whose figures are remembered: all stimuli on one image of one feature have the same.
SEEDS_REMEMBERED = 4096

# Images that a network is shown at once: enough to fill a GPU, and few enough for its memory.
READ_TOGETHER = 128

# What else than the recipe may change an image.
LIBRARIES = ("torch", "torchvision", "timm", "numpy", "pillow", "captum")


class Network:
    """A network with its weights, on a device.

    Args:
        name: as a protocol names it.
        weights: a weights file, or None for those that come with the name.
        device: as ``devices`` takes it; the first of several.

    Raises:
        EngineError: the name is unknown, the weights cannot be had or do not fit, or there is no such device.
    """

    def __init__(self, name: str, weights: Path | None, device: str = "auto") -> None:
        with _translated():
            self._model = accentuation.load_model(name, weights=weights, device=devices(device)[0])
        self._last_spectrum: tuple[tuple[ImageSource, ...], accentuation.MagnitudeSpectrum] | None = None
        self._on_seeds: dict[tuple[bytes, str], tuple[float, float]] = {}

    @property
    def facts(self) -> NetworkFacts:
        """What the records keep of it."""
        model, kind = self._model, self._model.device.type
        return NetworkFacts(
            name=model.name,
            weights_sha256=model.weights_sha256,
            weights_source=model.weights_source,
            input_size=model.input_size,
            mean=list(model.mean),
            std=list(model.std),
            regularization_layer=model.regularization_layer,
            device=f"cuda ({torch.cuda.get_device_name(model.device)})" if kind == "cuda" else kind,
            made_with=_made_with(),
        )

    def locate(self, feature: str) -> tuple[str, int]:
        """The layer (``logit`` for logits) and the unit that a feature's text names.

        Raises:
            EngineError: the text is not a feature, the network does not have it, or it is neither logit nor channel.
        """
        with _translated():
            parsed = self._parsed(feature)
            accentuation.check_feature(self._model, parsed)
        match parsed:
            case accentuation.Logit(index):
                return "logit", index
            case accentuation.Channel(layer, index):
                return layer, index
        raise EngineError(f"`{feature}` cannot be surveyed; only a logit or a channel has a rank among images so far.")

    def activations(self, sources: Sequence[ImageSource], layers: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        """The activations of all units of some layers on some images of one size: ``(images, units)`` by layer.

        Raises:
            EngineError: no such layer, or an image file is missing or damaged.
        """
        parts = []
        for images in read_ahead(sources, threads=self._readers()):
            with _translated():
                values = accentuation.channel_activations(self._model, images, layers)
            parts.append({layer: value.double().cpu().numpy() for layer, value in values.items()})
        return {layer: np.concatenate([part[layer] for part in parts]) for layer in layers}

    def _readers(self) -> int:
        """Threads that read images: beside a GPU all processors, on a CPU none, for each is at work on a network."""
        return len(os.sched_getaffinity(0)) if self._model.device.type == "cuda" else 0

    def check(self, order: Order) -> None:
        """Make sure that an order can be followed, without making anything.

        Raises:
            EngineError: a value is out of its range, or there is no such feature or layer.
        """
        with _translated():
            accentuation.check_feature(self._model, self._parsed(order.feature))
            if order.kind == "attribution":
                if order.config["layer"] is not None:
                    check_layer(self._model, order.config["layer"])
                return
            settings = accentuation.AccentuationConfig(**order.config)
            if order.kind != "visualization":
                accentuation.check_config(self._model, settings)

    def make(self, orders: Iterable[Order]) -> Iterator[Made]:
        """What was made of each order, in their order and as soon as it is there.

        Consecutive accentuations that differ in image, feature, levels and seed only are made together, as many as fit
        into the memory of a GPU; on a CPU one after the other, which is as fast there.

        Raises:
            EngineError: the feature or a layer does not exist, or an image file is missing or damaged.
        """
        with _translated():
            for (kind, config), together in groupby(orders, key=_shared):
                if kind == "attribution":
                    yield from map(self._attribution, together)
                elif kind == "visualization":
                    yield from map(self._visualization, together)
                else:
                    yield from self._accentuations(together, accentuation.AccentuationConfig(**json.loads(config)))

    def _accentuations(self, orders: Iterable[Order], settings: accentuation.AccentuationConfig) -> Iterator[Made]:
        """Of orders with the same settings. Images are read as they are needed and let go when they are done."""
        begun: deque[tuple[Order, accentuation.Job]] = deque()

        def jobs() -> Iterator[accentuation.Job]:
            for order in orders:
                levels = tuple(order.config.get("levels", ()))
                job = accentuation.Job(_seed_image(order), self._parsed(order.feature), order.seed, levels)
                begun.append((order, job))
                yield job

        for done in accentuation.accentuate_many(self._model, jobs(), settings):
            order, job = begun.popleft()
            yield Made(tuple(self._accented(order, job, shot, settings) for shot in _shots(done, job)))

    def _accented(
        self, order: Order, job: accentuation.Job, shot: "_Shot", settings: accentuation.AccentuationConfig
    ) -> Picture:
        data, shown = _written(shot.blend, order)
        return Picture(
            image=data,
            format=order.format,
            mask=encode(accentuation.to_picture(shot.mask.expand(3, -1, -1)).convert("L"), "png"),
            curve=shot.curve,
            figures=self._figures_on_seed(order, job.seed_image, shown, settings.regularization_layer),
        )

    def _attribution(self, order: Order) -> Made:
        image, feature, config = _seed_image(order), self._parsed(order.feature), order.config
        attribution = attribute(
            self._model,
            image,
            feature,
            config["method"],
            seed=order.seed,
            **{name: config[name] for name in ("layer", "steps", "samples", "noise")},
        )
        over = overlay(image, attribution.cpu(), opacity=config["opacity"], percentile=config["percentile"])
        data, shown = _written(over, order)
        before, after = accentuation.measure(self._model, torch.stack([image, shown]), feature).tolist()
        # The colours of a map are no part of the scene: how the network takes them says nothing about the map.
        figures = Figures(before, after, None, None, distance=None, ssim=None, saturation=None)
        return Made((Picture(data, order.format, None, (), figures),))

    def _visualization(self, order: Order) -> Made:
        feature = self._parsed(order.feature)
        settings = accentuation.AccentuationConfig(**order.config)
        done = accentuation.visualize(self._model, feature, self._spectrum(order.natural), settings, seed=order.seed)
        data, shown = _written(done.image, order)
        after, crops_after = self._measured(shown, feature)
        figures = Figures(
            activation_before=None,
            activation_after=after,
            crop_activation_before=None,
            crop_activation_after=crops_after,
            distance=None,
            ssim=None,
            saturation=saturation(np.asarray(accentuation.to_picture(shown))),
        )
        return Made((Picture(data, order.format, None, _numbers(done.activations), figures),))

    def _spectrum(self, natural: tuple[ImageSource, ...]) -> accentuation.MagnitudeSpectrum:
        """The mean spectrum of these images; that of the last ones is kept, because all of a study take the same."""
        if self._last_spectrum is None or self._last_spectrum[0] != natural:
            self._last_spectrum = (natural, accentuation.mean_magnitude(_tensor(source) for source in natural))
        return self._last_spectrum[1]

    def _figures_on_seed(self, order: Order, seed: torch.Tensor, shown: torch.Tensor, layer: str | None) -> Figures:
        """Of what is shown, as it stands in its file."""
        before, crops_before = self._measured_seed(seed, order.feature)
        after, crops_after = self._measured(shown, self._parsed(order.feature))
        both = torch.stack([seed, shown])  # (2, 3, H, W)
        pixels = [np.asarray(accentuation.to_picture(image)) for image in both]
        return Figures(
            activation_before=before,
            activation_after=after,
            crop_activation_before=crops_before,
            crop_activation_after=crops_after,
            distance=float(accentuation.latent_distance(self._model, both[1:], both[:1], layer)) if layer else None,
            ssim=ssim(pixels[1], pixels[0]),
            saturation=saturation(pixels[1], pixels[0]),
        )

    def _measured_seed(self, seed: torch.Tensor, feature: str) -> tuple[float, float]:
        """Of a seed image, measured once for all that is made of it."""
        key = hashlib.sha256(seed.numpy().tobytes()).digest(), feature
        if key not in self._on_seeds:
            if len(self._on_seeds) == SEEDS_REMEMBERED:
                self._on_seeds.clear()
            self._on_seeds[key] = self._measured(seed, self._parsed(feature))
        return self._on_seeds[key]

    def _measured(self, image: torch.Tensor, feature: accentuation.Feature) -> tuple[float, float]:
        """The activation of a whole image ``(3, H, W)`` in [0, 1], and its mean over clean crops."""
        crops = accentuation.measure_on_crops(self._model, image[None], feature, crops=CLEAN_CROPS, seed=CLEAN_SEED)
        return float(accentuation.measure(self._model, image[None], feature)), float(crops)

    def _parsed(self, feature: str) -> accentuation.Feature:
        return accentuation.parse_feature(feature, classes=self._model.classes)


@dataclass(frozen=True)
class _Shot:
    """An image of a run, ``(3, H, W)``, its mask ``(1, H, W)``, and the activations of the steps that led to it."""

    blend: torch.Tensor
    mask: torch.Tensor
    curve: tuple[float, ...]


def _shots(done: accentuation.Accentuation, job: accentuation.Job) -> list[_Shot]:
    """The end of a run, or for each level the image that first reached it, and the end for a level never reached."""
    curve = _numbers(done.activations)
    end = _Shot(done.blend, done.mask, curve)
    if not job.levels:
        return [end]
    reached = {shot.level: _Shot(shot.blend, shot.mask, curve[: shot.step]) for shot in done.snapshots}
    return [reached.get(level, end) for level in job.levels]


def _shared(order: Order) -> tuple[str, str]:
    """What consecutive orders must have in common to be made together: how they are made, and the settings as JSON.

    Levels are each order's own: every feature of a study has others.
    """
    kind = order.kind if order.kind in ("attribution", "visualization") else "accentuation"
    return kind, json.dumps({name: value for name, value in order.config.items() if name != "levels"}, sort_keys=True)


def _written(image: torch.Tensor, order: Order) -> tuple[bytes, torch.Tensor]:
    """The bytes of the file, and the image that everyone will see who opens it, ``(3, H, W)`` on the CPU."""
    data = encode(accentuation.to_picture(image), order.format)
    return data, accentuation.to_tensor(decode(data))


def _numbers(values: torch.Tensor) -> tuple[float, ...]:
    return tuple(values.tolist())


def read_ahead(sources: Sequence[ImageSource], *, threads: int) -> Iterator[torch.Tensor]:
    """Images of one size, stacked: ``(at most READ_TOGETHER, 3, H, W)`` in [0, 1], in their order.

    With threads, the next stack is read while the caller is busy with one; two at most are in memory beside it.

    Raises:
        EngineError: an image file is missing or damaged.
    """
    stacks = [sources[start : start + READ_TOGETHER] for start in range(0, len(sources), READ_TOGETHER)]
    if not threads:
        yield from (torch.stack([_tensor(source) for source in stack]) for stack in stacks)
        return
    with ThreadPoolExecutor(threads) as readers:
        being_read: deque[list[Future[torch.Tensor]]] = deque()
        for stack in stacks:
            being_read.append([readers.submit(_tensor, source) for source in stack])
            if len(being_read) > 1:
                yield torch.stack([image.result() for image in being_read.popleft()])
        for images in being_read:
            yield torch.stack([image.result() for image in images])


def use_one_thread() -> None:
    """Let this process compute on one thread, because others compute beside it."""
    torch.set_num_threads(1)


def devices(wanted: str) -> list[str]:
    """The devices of this machine that a name means.

    Args:
        wanted: ``cpu``, ``cuda`` for every visible GPU, ``cuda:1`` for one, or ``auto`` for all GPUs or else the CPU.

    Raises:
        EngineError: there is no such device.
    """
    there = [f"cuda:{number}" for number in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    if wanted == "cpu" or (wanted == "auto" and not there):
        return ["cpu"]
    if not there:
        raise EngineError("There is no cuda device here; use --device cpu, or auto to take what is there.")
    if wanted in ("auto", "cuda"):
        return there
    if wanted not in there:
        raise EngineError(f"There is no {wanted} here, only {there[0]} to {there[-1]}.")
    return [wanted]


@cache
def _made_with() -> dict[str, str]:
    """The machine's kind, versions of Python and the libraries, and the hashes of the code that makes images."""
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
        "accentuation_sha256": sha256_of_files(Path(accentuation.__file__).parent.glob("*.py")),
        "stimuli_sha256": sha256_of_image_modules(),
    }


def _seed_image(order: Order) -> torch.Tensor:
    assert order.image is not None
    return _tensor(order.image)


def _tensor(source: ImageSource) -> torch.Tensor:
    """The image in a file, ``(3, H, W)`` in [0, 1]."""
    try:
        with Image.open(BytesIO(source) if isinstance(source, bytes) else source) as image:
            return accentuation.to_tensor(image.convert("RGB"))
    except OSError as error:
        which = "An image file" if isinstance(source, bytes) else f"The image file {source}"
        raise EngineError(
            f"{which} is missing or damaged; run the same import_images again, which restores it."
        ) from error


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except accentuation.AccentuationError as error:
        raise EngineError(str(error)) from error

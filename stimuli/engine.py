"""The one door to the network: what the commands need of `accentuation`, in terms of files and plain values.

The only module here that imports torch; commands import it when they have work for it, not before.
"""

import hashlib
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

import accentuation
from stimuli.likeness import saturation, ssim
from stimuli.orders import EngineError, Figures, ImageSource, Made, NetworkFacts, Order

# The clean crops on which a stimulus is judged: the same for all, and drawn for no stimulus.
CLEAN_CROPS = 16
CLEAN_SEED = 2**63

# What else than the recipe may change an image.
LIBRARIES = ("torch", "torchvision", "timm", "numpy", "pillow")


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
            parsed = accentuation.parse_feature(feature, classes=self._model.classes)
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
        images = torch.stack([_tensor(source) for source in sources])  # (B, 3, H, W) in [0, 1]
        with _translated():
            values = accentuation.channel_activations(self._model, images, layers)
        return {layer: value.double().cpu().numpy() for layer, value in values.items()}

    def check(self, config: Mapping[str, Any]) -> None:
        """Make sure that accentuations can be made with this config, without making any.

        Raises:
            EngineError: a value is out of its range, or there is no such regularization layer.
        """
        with _translated():
            accentuation.check_config(self._model, accentuation.AccentuationConfig(**config))

    def make(self, orders: Sequence[Order]) -> Iterator[Made]:
        """What was made of each order, in their order.

        Raises:
            EngineError: the feature or a layer does not exist, or the image file is missing or damaged.
        """
        return map(self._accentuate, orders)

    def _accentuate(self, order: Order) -> Made:
        image = _tensor(order.image)
        with _translated():
            feature = accentuation.parse_feature(order.feature, classes=self._model.classes)
            settings = accentuation.AccentuationConfig(**order.config)
            done = accentuation.accentuate(self._model, image, feature, settings, seed=order.seed)
            picture = accentuation.to_picture(done.blend)
            figures = self._figures(image, picture, feature, settings.regularization_layer)
        buffer = BytesIO()
        picture.save(buffer, format="PNG")
        return Made(buffer.getvalue(), figures)

    def _figures(
        self, seed: torch.Tensor, picture: Image.Image, feature: accentuation.Feature, layer: str | None
    ) -> Figures:
        """Of what is shown, which is rounded to 8 bits."""
        both = torch.stack([seed, accentuation.to_tensor(picture)])  # (2, 3, H, W)
        before, after = accentuation.measure(self._model, both, feature).tolist()
        crops = accentuation.measure_on_crops(self._model, both, feature, crops=CLEAN_CROPS, seed=CLEAN_SEED).tolist()
        pixels = [np.asarray(accentuation.to_picture(image)) for image in both]
        return Figures(
            activation_before=before,
            activation_after=after,
            crop_activation_before=crops[0],
            crop_activation_after=crops[1],
            distance=float(accentuation.latent_distance(self._model, both[1:], both[:1], layer)) if layer else None,
            ssim=ssim(pixels[1], pixels[0]),
            saturation=saturation(pixels[1], pixels[0]),
        )


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
    """Versions of Python and the libraries, and the SHA-256 of the code that makes images."""
    versions = {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}
    package = Path(accentuation.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return versions | {"accentuation_sha256": digest.hexdigest()}


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

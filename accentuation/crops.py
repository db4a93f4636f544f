"""Random crops with noise, drawn once a step so that the image and its seed are seen through the same ones.

All crops of a step are cut and resized by two sparse matrix products. A crop's rows are a matrix of bilinear weights
over the image's rows, its columns likewise, so one crop is ``rows @ image @ columns.T``. Boxes need not lie on the
pixel grid.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from accentuation.config import AccentuationConfig
from accentuation.resampling import Resampling, bilinear
from accentuation.streams import stream


@dataclass(frozen=True)
class Boxes:
    """Square boxes inside an image, in pixels: the box of a single pixel at the corner is top 0, left 0, side 1."""

    top: Tensor  # (N,)
    left: Tensor  # (N,)
    side: Tensor  # (N,)


@dataclass(frozen=True)
class Crops:
    """The crops of one step, ready to be taken from any images of the size they were drawn for, until the next draw.

    Every image of a batch of B has N crops of its own; they follow each other, image by image.
    """

    columns: Resampling  # (B N S, B W), each row sums to 1
    rows: Resampling  # (B N S, B N H), each row sums to 1
    noise: Tensor | None  # (B N, S, S, 3), in image range; None where no noise is asked
    size: int  # S

    def take(self, images: Tensor) -> Tensor:
        """The crops of ``images`` with their noise.

        Args:
            images: ``(B, 3, H, W)`` in [0, 1].

        Returns:
            ``(B N, 3, S, S)``, in [0, 1] but for the noise. In channels-last memory order, with which a forward and
            backward pass of EfficientNet-Lite0 takes two thirds of the time on a CPU (0.80 s against 1.20 s).
        """
        batch, channels, height, width = images.shape
        by_column = images.permute(0, 3, 2, 1).reshape(batch * width, height * channels)  # (B W, 3H)
        narrowed = self.columns.apply(by_column)  # (B N S, 3H)
        size = self.size
        by_row = narrowed.reshape(-1, size, height, channels).transpose(1, 2)  # (B N, H, S, 3)
        crops = self.rows.apply(by_row.reshape(-1, size * channels))  # (B N S, 3S)
        crops = crops.reshape(-1, size, size, channels)
        if self.noise is not None:
            crops.add_(self.noise)
        return crops.permute(0, 3, 1, 2)  # (BN, 3, S, S), channels last


class CropSource:
    """Draws the crops of one step after the other.

    Boxes are drawn on the CPU, so that one seed gives the same boxes on every device. Noise is drawn where it is used,
    because millions of values a step would otherwise have to travel there. Every image has generators of its own, so
    that it sees the same crops alone and in a batch.

    Args:
        height: of the images.
        width: of the images.
        size: side of the crops, the network's input size.
        config: number and size of crops, and their noise.
        seeds: of boxes and noise, one for each image.
        device: where the crops are taken.
    """

    def __init__(
        self,
        height: int,
        width: int,
        size: int,
        config: AccentuationConfig,
        seeds: Sequence[int],
        device: torch.device | None = None,
    ) -> None:
        self._shape, self._size, self._config = (height, width), size, config
        self._device = device or torch.device("cpu")
        self._boxes = [stream(seed, "boxes") for seed in seeds]
        self._noise = [stream(seed, "noise", self._device) for seed in seeds]
        # Noise is drawn into the same memory at every step: drawing into new memory takes twice as long, because the
        # system has to hand it out page by page.
        self._memory = torch.empty(0)

    def draw(self) -> Crops:
        """The crops of the next step. They take the place of those before, whose noise is gone."""
        config, size = self._config, self._size
        drawn = [
            draw_boxes(config.crops, *self._shape, config.crop_min, config.crop_max, generator)
            for generator in self._boxes
        ]
        top, left, side = (
            torch.cat([getattr(boxes, name) for boxes in drawn]).to(self._device) for name in ("top", "left", "side")
        )
        return cut(
            Boxes(top, left, side),
            *self._shape,
            size,
            images=len(drawn),
            noise=self._draw_noise() if config.gaussian_noise or config.uniform_noise else None,
        )

    def _draw_noise(self) -> Tensor:
        shape = (2, len(self._noise), self._config.crops, self._size, self._size, 3)
        if self._memory.shape != shape:
            self._memory = torch.empty(shape, device=self._device, dtype=torch.float32)
        noise, spare = self._memory.unbind()
        for row, generator in enumerate(self._noise):
            draw_noise(noise[row], spare[row], self._config, generator)
        return noise.flatten(0, 1)

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these images of the batch only."""
        self._boxes = [self._boxes[row] for row in rows]
        self._noise = [self._noise[row] for row in rows]


def draw_boxes(
    count: int, height: int, width: int, smallest: float, largest: float, generator: torch.Generator
) -> Boxes:
    """Boxes with side uniform in ``[smallest, largest]`` of the image's shorter side, placed uniformly inside it."""
    side, top, left = torch.rand(3, count, generator=generator, dtype=torch.float32)
    side = (smallest + (largest - smallest) * side) * min(height, width)
    return Boxes(top=top * (height - side), left=left * (width - side), side=side)


def draw_noise(noise: Tensor, spare: Tensor, config: AccentuationConfig, generator: torch.Generator) -> None:
    """Fill ``noise`` with Gaussian plus uniform noise, both of mean 0; ``spare`` is of the same shape and device."""
    noise.normal_(generator=generator).mul_(config.gaussian_noise)
    noise.add_(spare.uniform_(generator=generator).sub_(0.5), alpha=config.uniform_noise)


def cut(boxes: Boxes, height: int, width: int, size: int, *, images: int = 1, noise: Tensor | None = None) -> Crops:
    """Crops of these boxes, as many for each image.

    Args:
        boxes: ``(B N,)``, image by image, inside images of ``height`` x ``width``.
        height: of the images.
        width: of the images.
        size: side of the crops.
        images: B.
        noise: ``(B N, S, S, 3)`` in image range, added to the crops.
    """
    number = torch.arange(len(boxes.side), device=boxes.side.device)
    image = number // (len(number) // images)
    return Crops(
        columns=bilinear(boxes.left, boxes.side, width, size, image, images),
        rows=bilinear(boxes.top, boxes.side, height, size, number, len(number)),
        noise=noise,
        size=size,
    )

"""Random crops with noise, drawn once a step so that the image and its seed are seen through the same ones.

All crops of a step are cut and resized by two matrix products. A crop's rows are a matrix of bilinear weights over the
image's rows, its columns likewise, so one crop is ``rows @ image @ columns.T``. Boxes need not lie on the pixel grid.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from accentuation.config import AccentuationConfig


@dataclass(frozen=True)
class Boxes:
    """Square boxes inside an image, in pixels: the box of a single pixel at the corner is top 0, left 0, side 1."""

    top: Tensor  # (N,)
    left: Tensor  # (N,)
    side: Tensor  # (N,)


@dataclass(frozen=True)
class Crops:
    """The crops of one step, ready to be taken from any image of the size they were drawn for."""

    rows: Tensor  # (N, S, H), each row sums to 1
    columns: Tensor  # (N, S, W), each row sums to 1
    noise: Tensor | None  # (N, S, S, 3), in image range; None where no noise is asked

    def take(self, image: Tensor) -> Tensor:
        """The crops of ``image`` with their noise.

        Args:
            image: ``(3, H, W)`` in [0, 1].

        Returns:
            ``(N, 3, S, S)``, in [0, 1] but for the noise. In channels-last memory order, with which a forward and
            backward pass of EfficientNet-Lite0 takes two thirds of the time on a CPU (0.80 s against 1.20 s).
        """
        channels, height, width = image.shape
        count, size, _ = self.columns.shape
        # One product for the columns of all crops: (3H, W) @ (W, NS).
        narrowed = image.reshape(channels * height, width) @ self.columns.reshape(count * size, width).T
        narrowed = narrowed.reshape(channels, height, count, size).permute(2, 1, 3, 0)  # (N, H, S, 3)
        crops = self.rows @ narrowed.reshape(count, height, size * channels)  # (N, S, 3S)
        crops = crops.reshape(count, size, size, channels)
        crops = crops if self.noise is None else crops + self.noise
        return crops.permute(0, 3, 1, 2)  # (N, 3, S, S), channels last


def draw_crops(image: Tensor, size: int, config: AccentuationConfig, seed: int) -> Iterator[Crops]:
    """The crops of one step after the other, without end, on the image's device.

    Boxes are drawn on the CPU, so that one seed gives the same boxes on every device. Noise is drawn where it is used,
    because millions of values a step would otherwise have to travel there.

    Args:
        image: ``(3, H, W)``; only its size and device count.
        size: side of the crops, the network's input size.
        config: number and size of crops, and their noise.
        seed: of boxes and noise.
    """
    height, width = image.shape[-2:]
    box_generator = torch.Generator().manual_seed(seed)
    noise_generator = torch.Generator(image.device).manual_seed(seed)
    while True:
        boxes = draw_boxes(config.crops, height, width, config.crop_min, config.crop_max, box_generator)
        boxes = Boxes(*(value.to(image.device) for value in (boxes.top, boxes.left, boxes.side)))
        yield Crops(
            rows=resampling_matrix(boxes.top, boxes.side, height, size),
            columns=resampling_matrix(boxes.left, boxes.side, width, size),
            noise=draw_noise((config.crops, size, size, 3), config, noise_generator),
        )


def draw_boxes(
    count: int, height: int, width: int, smallest: float, largest: float, generator: torch.Generator
) -> Boxes:
    """Boxes with side uniform in ``[smallest, largest]`` of the image's shorter side, placed uniformly inside it."""
    side, top, left = torch.rand(3, count, generator=generator)
    side = (smallest + (largest - smallest) * side) * min(height, width)
    return Boxes(top=top * (height - side), left=left * (width - side), side=side)


def draw_noise(shape: tuple[int, ...], config: AccentuationConfig, generator: torch.Generator) -> Tensor | None:
    """Gaussian plus uniform noise, both of mean 0, on the generator's device; None where the config asks for none."""
    if config.gaussian_noise == 0 and config.uniform_noise == 0:
        return None
    gaussian = torch.randn(shape, device=generator.device, generator=generator)
    uniform = torch.rand(shape, device=generator.device, generator=generator)
    return gaussian.mul_(config.gaussian_noise).add_(uniform.sub_(0.5), alpha=config.uniform_noise)


def resampling_matrix(start: Tensor, extent: Tensor, pixels: int, size: int) -> Tensor:
    """Bilinear weights that resample the stretch ``[start, start + extent]`` of a line of pixels, with antialias.

    A triangle around the centre of each output pixel, one input pixel wide on either side, or one output pixel where
    the stretch shrinks. Only pixels that the stretch touches are read. On the pixel grid this is what
    ``torch.nn.functional.interpolate(mode="bilinear", antialias=True)`` does with the slice.

    Args:
        start: ``(N,)``, in pixels.
        extent: ``(N,)``, in pixels, more than 0.
        pixels: length of the line.
        size: length of the result.

    Returns:
        ``(N, size, pixels)``.
    """
    start, extent = start[:, None, None], extent[:, None, None]
    step = extent / size  # input pixels per output pixel
    centres = start + (torch.arange(size, device=start.device)[:, None] + 0.5) * step  # (N, size, 1)
    pixel = torch.arange(pixels, device=start.device)
    weights = (1 - (pixel + 0.5 - centres).abs() / step.clamp(min=1)).clamp(min=0)  # (N, size, pixels)
    weights = weights * ((pixel + 1 > start) & (pixel < start + extent))
    return weights / weights.sum(dim=-1, keepdim=True)

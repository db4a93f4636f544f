"""The real network, loaded once, and two photographs that it knows."""

from collections.abc import Iterator

import pytest
import skimage.data
import torch
from PIL import Image
from torch import Tensor, nn

from accentuation import VisionModel, load_model, to_tensor


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Threads that wait for each other on a busy machine can take ten times as long as one that waits for nobody."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def lite0() -> VisionModel:
    return load_model("efficientnet_lite0")


def _photograph(name: str, side: int) -> Tensor:
    picture = Image.fromarray(getattr(skimage.data, name)())
    short = min(picture.size)
    left, top = (picture.width - short) // 2, (picture.height - short) // 2
    return to_tensor(
        picture.crop((left, top, left + short, top + short)).resize((side, side), Image.Resampling.LANCZOS)
    )


@pytest.fixture(scope="session")
def cat() -> Tensor:
    return _photograph("chelsea", 96)


@pytest.fixture(scope="session")
def coffee() -> Tensor:
    return _photograph("coffee", 96)


class Tiny(nn.Module):
    """Doubles red, negates green, drops blue; then an in-place ReLU; the logits are the channel means, added pairwise.

    For a pixel (r, g, b), already normalised: ``mix`` gives (2r, -g), ``relu`` cuts these at 0, and the logits are
    mean(relu(2r)) + 10 and mean(relu(2r)) + mean(relu(-g)).
    """

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Conv2d(3, 2, kernel_size=1, bias=False)
        self.relu = nn.ReLU(inplace=True)
        self.head = nn.Linear(2, 2)
        self.idle = nn.Conv2d(3, 2, kernel_size=1)
        with torch.no_grad():
            self.mix.weight.copy_(torch.tensor([[2.0, 0, 0], [0, -1, 0]])[:, :, None, None])
            self.head.weight.copy_(torch.tensor([[1.0, 0], [1, 1]]))
            self.head.bias.copy_(torch.tensor([10.0, 0]))

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.relu(self.mix(images)).mean(dim=(2, 3)))


@pytest.fixture
def tiny() -> VisionModel:
    """Sees 8 x 8 pixels as (x - 0.5) / 0.25; in training mode and with gradients, as a user's own may be."""
    return VisionModel(
        name="tiny",
        module=Tiny().train(),
        input_size=8,
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
        regularization_layer="mix",
    )

"""faccent: the library of the method's authors."""

import contextlib
import io
import sys
from collections.abc import Callable
from types import ModuleType

from torch import Tensor, nn

# Imported by faccent for its sliders in notebooks; with all that it needs it would be the largest of the peers.
sys.modules.setdefault("ipywidgets", ModuleType("ipywidgets"))

from faccent import objectives, param, render, transform  # noqa: E402

from accentuation import VisionModel  # noqa: E402
from benchmarks.peers import Made, Task, blended, clocked_adam  # noqa: E402


class _Normalized(nn.Module):
    """The network with its normalisation inside: faccent knows one range for all three channels only."""

    def __init__(self, model: VisionModel) -> None:
        super().__init__()
        self.network = model.module
        self._normalize = model.normalize

    def forward(self, images: Tensor) -> Tensor:
        """Logits of ``(B, 3, S, S)`` in [0, 1]."""
        logits: Tensor = self.network(self._normalize(images))
        return logits


def run(task: Task, on_step: Callable[[], None]) -> Made:
    """The image that faccent makes, its own transforms and defaults but for what the task sets."""
    side = task.model.input_size
    with contextlib.redirect_stdout(io.StringIO()):  # it tells what it does
        canvas = param.fourier_phase(
            init_img=task.image[None], img_size=tuple(task.image.shape[1:]), device=task.model.device
        )
        layer, unit = _hook_name(task.unit[0]), task.unit[1]
        distance_layer = _hook_name(task.layer)
        _images, importances, *_losses = render.render_vis(
            _Normalized(task.model),
            objectives.channel(layer, unit, batch=0),  # the second image of the batch is the seed
            parameterizer=canvas,
            transforms=transform.standard_box_transforms,
            optimizer=clocked_adam(on_step),
            out_thresholds=[task.steps - 1],
            inline_thresholds=[],
            nb_transforms=task.crops,
            progress=False,
            model_input_size=(side, side),
            model_input_range=(0, 1),
            img_size=tuple(task.image.shape[1:]),
            hook_layers=[layer, distance_layer],  # in its favour: else it hooks every module
            accent_reg_layer=distance_layer,
            accent_reg_alpha=1.0,
        )
    # Of the batch of two the first is the image, the second its seed.
    return blended(task, canvas.params_to_img().detach()[0], importances[-1][0])


def _hook_name(layer: str) -> str:
    return f"network.{layer}".replace(".", "_")

"""DreamLens: feature accentuation as one of the methods of a library for visualisation."""

from collections.abc import Callable

from dreamlens import FeatureAccentuationConfig, FeatureTarget, FeatureVisualizer

import accentuation
from benchmarks.peers import Made, Task, blended, clocked_adam


def run(task: Task, on_step: Callable[[], None]) -> Made:
    """The image that DreamLens makes, in its phase parametrisation, else its defaults but for what the task sets."""
    side = task.model.input_size
    config = FeatureAccentuationConfig(
        width=task.image.shape[2],
        height=task.image.shape[1],
        input_shape=(3, side, side),
        steps=task.steps,
        crops=task.crops,
        parameterization="fourier_phase",
        optimizer_cls=clocked_adam(on_step),
    )
    layer, unit = task.unit
    is_channel = isinstance(task.feature, accentuation.Channel)
    choose = FeatureTarget.for_channel if is_channel else FeatureTarget.for_neuron
    visualizer = FeatureVisualizer(
        task.model.module, quiet=True, device=task.model.device, preprocess=task.model.normalize
    )
    result = visualizer.accentuate(choose(layer, unit), task.image, regularization_layer=task.layer, config=config)
    return blended(task, result.image().detach()[0], result.transparency)

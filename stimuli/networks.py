"""Which surveyed network a name means. No torch: the web process asks this too.

With a weights file named, it is the network with these weights, known by the SHA-256 of the file. Without
one, it is the network with the weights that come with the name; should these have changed with a new
version of their package, the ones surveyed last.
"""

import hashlib
from pathlib import Path

from stimuli.models import VisionModel
from stimuli.protocol import ProtocolError


class NotSurveyedError(ProtocolError):
    """No pool has been shown to the network yet."""


def surveyed_network(name: str, weights: str | None) -> VisionModel:
    """The network that a protocol means by ``model`` and ``weights``.

    Raises:
        NotSurveyedError: there is none.
        ProtocolError: the weights file cannot be read.
    """
    networks = VisionModel.objects.filter(name=name)
    if weights is None:
        network = networks.filter(weights_given=False).order_by("id").last()
        whose = "the weights that come with its name"
    else:
        network = networks.filter(weights_sha256=_file_sha256(Path(weights))).first()
        whose = f"the weights {weights}"
    if network is None:
        raise NotSurveyedError(f"The model {name!r} has not been surveyed with {whose}; run survey_features first.")
    return network


def _file_sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ProtocolError(f"The weights file {path} cannot be read: {error.strerror}.") from error

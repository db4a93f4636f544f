"""Addresses of a trial's images: a random-looking code for each slot, which only the server can make or read.

The code is a keyed hash, so nothing has to be stored, and neither an order of slots nor another participant's trial can
be guessed from it.
"""

import base64
import hmac
from collections.abc import Iterator

from django.urls import reverse
from django.utils.crypto import salted_hmac

from studyapp.models import Side, Trial
from studyapp.selectors import reference_panels

SALT = "studyapp.trial_image"
BYTES = 15  # 120 bits: 20 letters, without padding


def image_address(trial: Trial, slot: str, image_format: str) -> str:
    """Where the browser gets what a trial shows in a slot."""
    arguments = (trial.participant.token, trial.public_id, _code(trial, slot), image_format)
    return reverse("trial_image", args=arguments)


def slot_of(trial: Trial, code: str) -> str | None:
    """The slot of this trial that a code names, None where it names none."""
    return next((slot for slot in _slots(trial) if hmac.compare_digest(_code(trial, slot), code)), None)


def _code(trial: Trial, slot: str) -> str:
    named = f"{trial.participant.token}:{trial.public_id}:{slot}"
    digest = salted_hmac(SALT, named, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest[:BYTES]).decode()


def _slots(trial: Trial) -> Iterator[str]:
    """Every slot that is on the trial's screen."""
    yield from Side.values
    for panel in reference_panels(trial):
        for place in panel.slots:
            yield from filter(None, (place.image, place.explanation))

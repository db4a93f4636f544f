"""What the natural images of a pool say: how strong is strong for a feature, and which images stand for the pool.

Every kept activation of a survey has its rank in the whole pool, exact or estimated from a sample. Percentiles are read
between these ranks, which is the same for a pool that is kept whole and for one of which only ends and a sample are.
"""

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from django.db.models import F, Func, QuerySet, Value
from django.db.models.functions import MD5, Concat

from stimuli.models import Activation, Feature, FeatureSurvey, ImagePool, SourceImage
from stimuli.protocol import ProtocolError


def activation_at(feature: Feature, pool: ImagePool, percentile: float) -> float:
    """The activation below which this share of the natural images lies, interpolated between neighbours.

    Args:
        feature: surveyed over the pool.
        pool: of natural images.
        percentile: 0 (the weakest image) to 100 (the strongest).

    Raises:
        ProtocolError: the feature has not been surveyed over the pool.
    """
    survey = FeatureSurvey.objects.filter(feature=feature, pool=pool).first()
    rows = _activations(feature, pool).order_by("rank").values_list("rank", "value")
    if survey is None or not rows:
        raise ProtocolError(f"The feature {feature} has not been surveyed over the pool {pool}; run survey_features.")
    ranks, values = zip(*rows, strict=True)
    return float(np.interp(1 + (1 - percentile / 100) * (survey.images - 1), ranks, values))


def in_seeded_order(rows: "QuerySet[Activation]", seed: str) -> "QuerySet[Activation]":
    """Activations in an order that only the seed and the images' hashes decide."""
    return rows.annotate(place=_place(seed, "image__sha256")).order_by("place")


@lru_cache(maxsize=4)  # asked for every visualization of a study; a pool does not change
def spectrum_sample(pool_pk: int, seed: int, count: int) -> tuple[str, ...]:
    """At most ``count`` images of a pool, drawn by the seed, as their SHA-256, sorted."""
    images = SourceImage.objects.filter(pool=pool_pk)
    drawn = images.annotate(place=_place(f"{seed}\nspectrum", "sha256")).order_by("place")[:count]
    return tuple(sorted(drawn.values_list("sha256", flat=True)))


def spectrum_order(sha256s: Iterable[str], seed: int) -> list[str]:
    """All images of a pool in the order in which :func:`spectrum_sample` draws them, without a database."""
    return sorted(sha256s, key=lambda sha256: hashlib.md5(f"{seed}\nspectrum\n{sha256}".encode()).hexdigest())


def sample_sha256(sha256s: Sequence[str]) -> str:
    """One hash that names a set of images."""
    return hashlib.sha256("\n".join(sorted(sha256s)).encode()).hexdigest()


def _activations(feature: Feature, pool: ImagePool) -> "QuerySet[Activation]":
    return Activation.objects.filter(feature=feature, image__pool=pool)


def _place(seed: str, field: str) -> Func:
    """In the database, so that a pool of a million images need not come here to be shuffled."""
    return MD5(Concat(Value(f"{seed}\n"), F(field)))

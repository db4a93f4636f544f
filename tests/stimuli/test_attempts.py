"""Which attempt follows another."""

import pytest

from stimuli.attempts import next_attempt, next_seed
from stimuli.models import Feature, ImagePool, Stimulus, VisionModel


def test_the_seed_of_the_next_attempt_is_the_same_everywhere() -> None:
    # Stored stimuli depend on it: another rule would lose sight of the attempts that were made.
    assert next_seed(7) == 5275133956312052235
    assert len({next_seed(seed) for seed in range(1000)}) == 1000
    assert all(0 <= next_seed(seed) < 2**63 for seed in (0, 1, 2**63 - 1))


@pytest.mark.django_db
def test_the_next_attempt_differs_in_nothing_but_the_seed() -> None:
    network = VisionModel.objects.create(name="net", weights_sha256="0" * 64, input_size=64, mean=[], std=[])
    feature = Feature.objects.create(model=network, name="logit=1")
    pool = ImagePool.objects.create(name="pool", image_size=64)
    recipe = {
        "kind": Stimulus.Kind.VISUALIZATION,
        "feature": feature,
        "pool": pool,
        "config": {},
        "activation_after": 1,
    }
    first = _make(recipe, seed=1)
    assert next_attempt(first) is None
    _make(recipe, seed=2)
    _make({**recipe, "kind": Stimulus.Kind.ATTRIBUTION}, seed=next_seed(1))
    _make(recipe, seed=next_seed(1), config_sha256="another")
    assert next_attempt(first) is None
    second = _make(recipe, seed=next_seed(1))
    assert next_attempt(first) == second
    assert next_attempt(second) is None


def _make(recipe: dict[str, object], *, seed: int, config_sha256: str = "one") -> Stimulus:
    return Stimulus.objects.create(**recipe, seed=seed, config_sha256=config_sha256, activation_before=0, device="cpu")

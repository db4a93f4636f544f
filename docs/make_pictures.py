"""Makes the pictures of the documents: ``python -m docs.make_pictures``, some minutes on two cores."""

from pathlib import Path

import accentuation
from benchmarks.photographs import photograph

DOCS = Path(__file__).resolve().parent
SEED = 1


def main() -> None:
    """The README's picture: a cat, and more of what the logit "Egyptian cat" responds to."""
    model = accentuation.load_model("efficientnet_lite0")
    seed_image = photograph("chelsea", 384, box=(100, 0, 400, 300))
    # Held less tightly to the seed than by default, so that the change shows in a small picture.
    config = accentuation.AccentuationConfig(regularization=0.3)
    done = accentuation.accentuate(model, seed_image, accentuation.parse_feature("logit=285"), config, seed=SEED)
    print(f"Activation before {done.activation_before:.2f}, after {done.activation_after:.2f}")
    accentuation.panel(seed_image, done).save(DOCS / "chelsea.jpg", quality=90)


if __name__ == "__main__":
    main()

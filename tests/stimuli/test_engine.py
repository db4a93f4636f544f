"""Every kind of explanation from the real network on small photographs: what comes back, and in whose company."""

import importlib
import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import accentuation
from accentuation.attribution import attribute
from accentuation.overlay import overlay
from stimuli.engine import Network
from stimuli.orders import EngineError, Made, Order, Picture

FEATURE = "blocks.4.2:channel=17"
LAYER = "blocks.2.1"
QUICK = {"steps": 3, "crops": 2, "regularization_layer": LAYER}
MAP = {"method": "grad_cam", "layer": None, "opacity": 0.6, "percentile": 99.0, "steps": 4, "samples": 2, "noise": 0.15}


@pytest.fixture(scope="module")
def network() -> Network:
    return Network("efficientnet_lite0", None, "cpu")


@pytest.fixture(scope="module")
def model() -> accentuation.VisionModel:
    return accentuation.load_model("efficientnet_lite0")


@pytest.fixture(scope="module")
def images(photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three photographs of 64 px."""
    folder = tmp_path_factory.mktemp("images")
    paths = []
    for path in sorted(photographs.glob("*.png"))[3:6]:
        with Image.open(path) as image:
            image.resize((64, 64)).save(folder / path.name)
        paths.append(folder / path.name)
    return paths


def only(network: Network, order: Order) -> Picture:
    (made,) = network.make([order])
    (picture,) = made.pictures
    return picture


def pixels(data: bytes) -> np.ndarray[Any, np.dtype[np.int64]]:
    with Image.open(BytesIO(data)) as image:
        return np.asarray(image).astype(np.int64)


def on(path: Path, kind: str = "accentuation", seed: int = 1, **config: object) -> Order:
    return Order(path, FEATURE, {**QUICK, **config}, seed, kind)  # type: ignore[arg-type]


def test_a_suppression_goes_down_where_the_accentuation_goes_up_and_both_say_how(
    network: Network, images: list[Path]
) -> None:
    up, down = on(images[0], steps=8), on(images[0], "suppression", steps=8, suppress=True)
    for order, sign in ((up, 1), (down, -1)):
        picture = only(network, order)
        figures = picture.figures
        assert figures.activation_before is not None
        assert sign * (figures.activation_after - figures.activation_before) > 0
        assert len(picture.curve) == 8
        assert None not in (figures.distance, figures.ssim, figures.saturation, figures.crop_activation_after)
        assert picture.mask is not None
        with Image.open(BytesIO(picture.mask)) as mask:
            assert (mask.mode, mask.size) == ("L", (64, 64))
            assert mask.getextrema()[1] > 200


@pytest.mark.parametrize("method", ["grad_cam", "integrated_gradients", "gradient_x_input", "smooth_grad"])
def test_an_attribution_is_the_seed_image_in_grey_under_the_colours_of_the_map(
    network: Network, model: accentuation.VisionModel, images: list[Path], method: str
) -> None:
    order = Order(images[0], FEATURE, {**MAP, "method": method}, 1, "attribution")
    picture = only(network, order)
    with Image.open(images[0]) as opened:
        image = accentuation.to_tensor(opened)
    expected = overlay(
        image,
        attribute(model, image, accentuation.parse_feature(FEATURE), method, seed=1, steps=4, samples=2),  # type: ignore[arg-type]
    )
    assert np.abs(pixels(picture.image) - np.asarray(accentuation.to_picture(expected))).max() <= 1
    assert (picture.mask, picture.curve) == (None, ())
    # Colours over an image say nothing about how far it is from its seed.
    assert picture.figures.ssim is picture.figures.distance is picture.figures.saturation is None


def test_a_visualization_comes_from_noise_with_the_spectrum_of_the_images_and_has_no_seed_image(
    network: Network, images: list[Path]
) -> None:
    settings = {"steps": 12, "crops": 2, "learning_rate": 0.1}
    one, other, again = (
        only(network, Order(None, FEATURE, settings, seed, "visualization", tuple(images))) for seed in (1, 2, 1)
    )
    assert one == again
    assert np.abs(pixels(one.image) - pixels(other.image)).mean() > 5
    assert one.curve[-1] > one.curve[0]
    figures = one.figures
    assert figures.activation_before is figures.crop_activation_before is figures.ssim is figures.distance is None
    assert figures.saturation is not None
    # Magnitudes are those of the images: so is their roughness, which white noise would exceed many times.
    rough = [
        np.abs(np.diff(pixels(data), axis=1)).mean() for data in (one.image, *(path.read_bytes() for path in images))
    ]
    assert rough[0] < 2 * max(rough[1:])


def test_a_continuation_is_one_run_stopped_at_each_level_and_says_where_none_was_reached(
    network: Network, images: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = only(network, on(images[0], steps=8, learning_rate=0.2, regularization=0.1))
    before, after = plain.figures.activation_before, plain.figures.activation_after
    assert before is not None
    weak, strong, never = before + 0.2 * (after - before), before + 0.7 * (after - before), after + 1000
    order = on(
        images[0],
        "continuation",
        steps=8,
        learning_rate=0.2,
        regularization=0.1,
        levels=(weak, strong, never),
    )
    runs = []
    many = accentuation.accentuate_many
    monkeypatch.setattr(accentuation, "accentuate_many", lambda *given: (runs.append(1), many(*given))[1])
    (made,) = network.make([order])
    assert len(runs) == 1
    reached = [len(picture.curve) for picture in made.pictures]
    assert 0 < reached[0] <= reached[1] <= reached[2] == 8
    for picture, level in zip(made.pictures[:2], (weak, strong), strict=True):
        assert picture.figures.activation_after >= level - 0.05 * (after - before)
        assert picture.curve == made.pictures[2].curve[: len(picture.curve)]
    assert made.pictures[2].figures.activation_after < never
    assert made.pictures[2].image == plain.image


def test_orders_of_all_kinds_come_back_in_their_order_as_if_each_were_alone(
    network: Network, images: list[Path]
) -> None:
    orders = [
        on(images[0]),
        replace(on(images[1], seed=2), feature="logit=281"),
        on(images[2], "suppression", suppress=True),
        Order(images[0], FEATURE, MAP, 1, "attribution"),
        Order(None, FEATURE, {"steps": 2, "crops": 1}, 3, "visualization", tuple(images)),
        on(images[0], seed=5),
    ]
    alone = [made for order in orders for made in network.make([order])]
    assert list(network.make(orders)) == alone


def test_what_can_share_a_batch_does_and_gives_the_same_images(
    network: Network, images: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [on(images[0]), replace(on(images[1], seed=2), feature="logit=281"), on(images[2], seed=3)]
    alone: list[Made] = list(network.make(orders))
    sizes: list[int] = []
    library = importlib.import_module("accentuation.accentuate")
    many, one = accentuation.accentuate_many, library.optimize
    monkeypatch.setattr(accentuation, "accentuate_many", lambda *given: many(*given, batch_size=2))
    monkeypatch.setattr(
        library,
        "optimize",
        lambda model, parameters, shown, *rest, **more: (
            sizes.append(len(shown)),
            one(model, parameters, shown, *rest, **more),
        )[1],
    )
    together = list(network.make(orders))
    assert sizes == [2, 1]
    for ours, theirs in zip(alone, together, strict=True):
        assert np.abs(pixels(ours.pictures[0].image) - pixels(theirs.pictures[0].image)).mean() < 0.5


def test_images_are_read_as_they_are_needed_and_results_stream(network: Network, images: list[Path]) -> None:
    asked: list[int] = []

    def orders() -> Any:
        for number in range(4):
            asked.append(number)
            yield on(images[0], seed=number)

    made = network.make(orders())
    next(made)
    assert len(asked) <= 2


def test_bytes_serve_as_well_as_a_path(network: Network, images: list[Path]) -> None:
    order = on(images[0])
    assert only(network, order) == only(network, replace(order, image=images[0].read_bytes()))


def test_webp_is_measured_as_it_will_be_seen(
    network: Network, model: accentuation.VisionModel, images: list[Path]
) -> None:
    picture = only(network, replace(on(images[0]), format="webp"))
    with Image.open(BytesIO(picture.image)) as opened:
        assert opened.format == "WEBP"
        seen = accentuation.to_tensor(opened)
    measured = float(accentuation.measure(model, seen[None], accentuation.parse_feature(FEATURE)))
    assert picture.figures.activation_after == pytest.approx(measured, abs=1e-4)
    assert picture.mask is not None
    assert picture.mask.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"kind": "attribution", "config": {**MAP, "layer": "blocks.99"}}, "no layer `blocks.99`"),
        ({"config": {**QUICK, "regularization": -1.0}}, "regularization must be 0 or more"),
        ({"feature": "logit=5000"}, "does not exist in efficientnet_lite0"),
    ],
)
def test_what_cannot_be_made_is_refused_before_anything_is(
    network: Network, images: list[Path], change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(EngineError, match=sentence):
        network.check(replace(on(images[0]), **change))


def test_figures_can_be_stored_as_json(network: Network, images: list[Path]) -> None:
    picture = only(network, on(images[0]))
    assert json.loads(json.dumps(picture.curve)) == list(picture.curve)

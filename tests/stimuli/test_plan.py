"""`plan_stimuli`: the same plan everywhere, what it costs, and what is missing for one."""

import hashlib
import json
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

import accentuation
from stimuli import costs, whole_file
from stimuli.engine import Network
from stimuli.models import SourceImage, Stimulus
from stimuli.orders import Made, Order
from stimuli.plan import plan_text
from stimuli.protocol import read_protocol
from stimuli.recipes import needed_recipes
from stimuli.selection import select_images
from stimuli.survey import record_network
from tests.stimuli.hand_survey import survey_by_hand

Write = Callable[..., Path]
FEATURES = ["logit=281", "blocks.4.2:channel=17", "logit=967"]


@pytest.fixture(scope="module")
def network() -> Network:
    return Network("efficientnet_lite0", None, "cpu")


@pytest.fixture
def surveyed(small_pool: None, network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Features of the real network, ranked by made-up activations; commands are run in an empty folder."""
    row = record_network(network.facts, weights_given=False)
    images = list(SourceImage.objects.order_by("id"))
    for number, name in enumerate(FEATURES):
        survey_by_hand(row, name, random.Random(number).sample(images, len(images)))
    monkeypatch.chdir(tmp_path)


def plan_here(protocol: Path, *more: str) -> dict[str, Any]:
    call_command("plan_stimuli", str(protocol), "--no-warm-up", *more)
    plan: dict[str, Any] = json.loads(protocol.with_name("cats.plan.json").read_text())
    return plan


@pytest.mark.usefixtures("surveyed")
def test_the_plan_names_every_image_and_every_stimulus_of_the_study(protocol_file: Write) -> None:
    path = protocol_file(
        ("references = 2", 'references = 1\nweak_references = 1\nbatches = 2\ndifficulties = [70, "easy"]'),
        ('["logit=281", "blocks.4.2:channel=17"]', '["logit=281"]'),
    )
    plan = plan_here(path)
    protocol = read_protocol(path).protocol
    selected = select_images(protocol)
    assert [(one["feature"], one["phase"]) for one in plan["features"]] == [
        ("logit=281", "main"),
        ("logit=967", "practice"),
    ]
    for images, planned in zip(selected, plan["features"], strict=True):
        for number, (batch, written) in enumerate(zip(images.batches, planned["batches"], strict=True), start=1):
            assert written["batch"] == number
            for name in ("references", "weak_references"):
                assert [one["sha256"] for one in written[name]] == [one.image.sha256 for one in getattr(batch, name)]
            assert [pair["difficulty"] for pair in written["queries"]] == [pair.difficulty for pair in batch.queries]
            for pair, there in zip(batch.queries, written["queries"], strict=True):
                for side in ("strong", "weak"):
                    one = getattr(pair, side)
                    assert there[side] == {
                        "sha256": one.image.sha256, "rank": one.rank, "activation": one.activation,
                    }  # fmt: skip
            assert {one["image"] for one in written["stimuli"]} == {one.image.sha256 for one in batch.references}
    written = [
        (one["kind"], feature["feature"], one["image"], one["config_sha256"], one["seed"])
        for feature in plan["features"]
        for batch in feature["batches"]
        for one in batch["stimuli"]
    ]
    assert written == [
        (one.kind, one.feature.name, one.image.sha256, one.config_sha256, one.seed)  # type: ignore[union-attr]
        for one in needed_recipes(protocol, selected)
    ]
    for sha256, config in plan["configs"].items():
        canonical = json.dumps(config, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(canonical.encode()).hexdigest() == sha256


@pytest.mark.usefixtures("surveyed")
def test_it_writes_the_text_that_a_frozen_set_keeps_and_says_its_hash(
    protocol_file: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    path = protocol_file()
    call_command("plan_stimuli", str(path), "--no-warm-up", "--out", "other.json")
    text = plan_text(read_protocol(path).protocol)
    assert Path("other.json").read_bytes() == text.encode("ascii")
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n"
    assert f"other.json (SHA-256 {hashlib.sha256(text.encode()).hexdigest()[:12]})" in capsys.readouterr().out


def test_two_databases_give_the_same_plan_byte_for_byte(
    db: None,
    image_root: Path,
    photographs: Path,
    protocol_file: Write,
    command_environment: dict[str, str],
    tmp_path: Path,
) -> None:
    path = protocol_file()
    # Another pool first, so that the rows of this database have other numbers.
    call_command("import_images", str(photographs), pool="first", size=65)
    call_command("import_images", str(photographs), pool="small", size=64)
    call_command("survey_features", "efficientnet_lite0", "small", features=FEATURES, workers=1)
    call_command("plan_stimuli", str(path), "--no-warm-up", "--out", str(tmp_path / "here.json"))
    for command in (
        ("migrate", "-v0"),
        ("import_images", str(photographs), "--pool", "small", "--size", "64"),
        ("survey_features", "efficientnet_lite0", "small", "--workers", "1", "--features", *reversed(FEATURES)),
        ("plan_stimuli", str(path), "--no-warm-up", "--out", str(tmp_path / "there.json")),
    ):
        subprocess.run(
            [sys.executable, "manage.py", *command], env=command_environment, check=True, capture_output=True
        )
    assert (tmp_path / "here.json").read_bytes() == (tmp_path / "there.json").read_bytes()


@pytest.mark.usefixtures("surveyed")
def test_another_seed_or_another_wish_is_another_plan(protocol_file: Write) -> None:
    texts = {
        plan_text(read_protocol(protocol_file(*change)).protocol)
        for change in (
            [],
            [("seed = 7", "seed = 8")],
            [("steps = 3", "steps = 4")],
            [("references = 2", "references = 1")],
        )
    }
    assert len(texts) == 4


@pytest.mark.usefixtures("surveyed")
def test_it_counts_what_is_there_and_what_is_missing_without_loading_the_network(
    protocol_file: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = protocol_file()
    monkeypatch.setattr(accentuation, "load_model", None)
    call_command("plan_stimuli", str(path), "--no-warm-up")
    natural = [image.path.stat().st_size for image in SourceImage.objects.all()]
    said = capsys.readouterr().out
    assert "3 features: 6 references and 3 pairs of queries, from " in said
    expected = f"{6 * sum(natural) / len(natural) / 1000:.0f} kB (estimated from the natural images, masks apart)."
    assert f"accentuation: 6 planned, 0 there, 6 missing, about {expected}" in said
    assert "on cpu" not in said

    protocol = read_protocol(path).protocol
    recipes = needed_recipes(protocol, select_images(protocol))
    for recipe in recipes[:2]:
        keep(recipe, natural_image=SourceImage.objects.all()[0])
    call_command("plan_stimuli", str(path), "--no-warm-up")
    expected = f"{4 * natural[0] / 1000:.0f} kB (measured on stimuli of this kind)."
    assert f"6 planned, 2 there, 4 missing, about {expected}" in capsys.readouterr().out
    for recipe in recipes[2:]:
        keep(recipe, natural_image=SourceImage.objects.all()[0])
    call_command("plan_stimuli", str(path))
    assert "6 planned, 6 there, 0 missing.\nAll stimuli are there.\n" in capsys.readouterr().out


def keep(recipe: Any, *, natural_image: SourceImage) -> None:
    """A stimulus by this recipe, whose file is a natural image's."""
    Stimulus.objects.create(
        kind=recipe.kind,
        feature=recipe.feature,
        pool=recipe.pool,
        image=recipe.image,
        config=recipe.config,
        config_sha256=recipe.config_sha256,
        seed=recipe.seed,
        activation_before=0,
        activation_after=1,
        device="cpu",
        sha256=natural_image.sha256,
    )


@pytest.mark.usefixtures("surveyed")
def test_it_estimates_the_time_from_a_warm_up_that_leaves_nothing_behind(
    protocol_file: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("plan_stimuli", str(protocol_file(("steps = 3", "steps = 200"))), workers=1, device="cpu")
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("accentuation: about")]
    assert line.endswith(" on cpu, 1 at a time.")
    assert not Stimulus.objects.exists()


@pytest.mark.usefixtures("surveyed")
def test_the_time_of_all_steps_is_concluded_from_few(protocol_file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    protocol = read_protocol(protocol_file(("steps = 3", "steps = 100"))).protocol
    planned = costs.costs_by_kind(needed_recipes(protocol, select_images(protocol)))
    clock = [0.0]
    asked: list[int] = []

    class Slow:
        """Half a second for each order, and 10 ms for each of its steps."""

        def __init__(self, at_once: int) -> None:
            self.at_once = at_once

        def make(self, orders: list[Order]) -> Any:
            for place, one in enumerate(orders):
                asked.append(one.config["steps"])
                clock[0] += 0.5 + 0.01 * one.config["steps"]
                yield place, Made(())

    monkeypatch.setattr(costs.time, "perf_counter", lambda: clock[0])
    assert costs.seconds_by_kind(planned, Slow(2)) == {"accentuation": pytest.approx(6 * 1.5)}  # type: ignore[arg-type]
    assert asked == [2, 2, 2, 2, 6, 6]
    short = [replace(recipe, config={**recipe.config, "steps": 4}) for recipe in planned[0].missing]
    assert costs.seconds_by_kind([replace(planned[0], missing=short)], Slow(1)) == {  # type: ignore[arg-type]
        "accentuation": pytest.approx(6 * 0.54)
    }


@pytest.mark.usefixtures("surveyed")
def test_a_map_is_timed_whole_because_most_methods_take_no_steps(
    protocol_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = protocol_file(('conditions = ["exemplars", "accentuation"]', 'conditions = ["attribution"]'))
    protocol = read_protocol(path).protocol
    planned = costs.costs_by_kind(needed_recipes(protocol, select_images(protocol)))
    seconds, asked = iter([9.0, 2.0]), []  # the first also loads
    clock = [0.0]

    class Slow:
        at_once = 1

        def make(self, orders: list[Order]) -> Any:
            asked.extend(one.config for one in orders)
            clock[0] += next(seconds)
            yield 0, Made(())

    monkeypatch.setattr(costs.time, "perf_counter", lambda: clock[0])
    assert costs.seconds_by_kind(planned, Slow()) == {"attribution": pytest.approx(6 * 2.0)}  # type: ignore[arg-type]
    assert asked == [planned[0].missing[0].settings()] * 2


@pytest.mark.usefixtures("surveyed")
def test_a_plan_whose_stimuli_cannot_be_made_is_written_and_says_why(protocol_file: Write) -> None:
    path = protocol_file(("steps = 3", 'steps = 3\nregularization_layer = "absent"'))
    with pytest.raises(CommandError, match=r"The plan is written, but .*absent"):
        call_command("plan_stimuli", str(path), workers=1)
    assert Path("cats.plan.json").is_file()


@pytest.mark.usefixtures("surveyed")
def test_all_that_is_missing_for_a_plan_is_said_and_none_is_written(protocol_file: Write) -> None:
    path = protocol_file(('"logit=281"', '"logit=282"'), ('"logit=967"', '"logit=968"'))
    with pytest.raises(CommandError) as caught:
        call_command("plan_stimuli", str(path))
    lines = str(caught.value).splitlines()
    assert ["'logit=282'" in lines[0], "'logit=968'" in lines[1]] == [True, True]
    assert "survey_features efficientnet_lite0 small --features logit=282 logit=968" in lines[2]
    with pytest.raises(CommandError, match="ask for fewer references"):
        call_command("plan_stimuli", str(protocol_file(("references = 2", "references = 9"))))
    with pytest.raises(CommandError, match=r"weights file absent\.pth cannot be read"):
        call_command("plan_stimuli", str(protocol_file(("references = 2", 'references = 2\nweights = "absent.pth"'))))
    assert not Path("cats.plan.json").exists()


@pytest.mark.usefixtures("surveyed")
def test_the_plan_stands_beside_the_protocol_wherever_the_command_runs(
    protocol_file: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = protocol_file()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    call_command("plan_stimuli", str(path), "--no-warm-up")
    assert path.with_name("cats.plan.json").is_file()
    assert list(elsewhere.iterdir()) == []


@pytest.mark.usefixtures("surveyed")
def test_a_folder_that_is_not_there_is_named(protocol_file: Write) -> None:
    with pytest.raises(CommandError, match=r"absent/plan\.json: No such file or directory; give another file"):
        call_command("plan_stimuli", str(protocol_file()), "--no-warm-up", "--out", "absent/plan.json")


def test_a_file_that_fails_midway_leaves_the_former_one_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plan.json"
    whole_file.write_whole(path, "first")

    def full(descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(whole_file.os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        whole_file.write_whole(path, "second")
    assert [one.name for one in tmp_path.iterdir()] == ["plan.json"]
    assert path.read_text() == "first"

"""Selection: references and queries of every feature, from constructed ranks."""

import hashlib
import random
import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from django.test import TestCase as DjangoTestCase
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from stimuli.models import Activation, ImagePool, SourceImage, VisionModel
from stimuli.networks import surveyed_network
from stimuli.protocol import Protocol, ProtocolError, parse_protocol
from stimuli.selection import FeatureImages, select_images
from tests.stimuli.hand_survey import survey_by_hand

TEXT = """\
slug = "s"
title = "S"
seed = 1
[stimuli]
model = "net"
pool = "pool"
features = {features}
practice_features = {practice}
references = {references}
[trials]
conditions = ["exemplars", "accentuation"]
[consent]
version = "1"
text = "c"
[instructions]
text = "i"
[completion]
text = "d"
"""


def protocol(references: int, *features: str, practice: tuple[str, ...] = ("logit=0",)) -> Protocol:
    return parse_protocol(TEXT.format(references=references, features=list(features), practice=list(practice)))


def distinct_look(number: int) -> int:
    """A perceptual hash of its own, unlike those of the other numbers."""
    return random.Random(number).randrange(-(2**63), 2**63)


def make_pool(photographs: Sequence[int], looks: Sequence[int] | None = None) -> list[SourceImage]:
    """One image for each entry, which names the photograph it was cut from; all of them unlike, if no looks are given."""
    pool = ImagePool.objects.create(name="pool", origin="test", image_size=64)
    return SourceImage.objects.bulk_create(
        SourceImage(
            pool=pool,
            sha256=f"{number:064x}",
            photograph_sha256=f"{one:064x}",
            left=0,
            top=0,
            side=64,
            perceptual_hash=looks[number] if looks else distinct_look(number),
        )
        for number, one in enumerate(photographs)
    )


def make_network(*, weights_sha256: str = "a" * 64, given: bool = False) -> VisionModel:
    return VisionModel.objects.create(
        name="net", weights_sha256=weights_sha256, weights_given=given, input_size=64, mean=[0], std=[1]
    )


def ranks(images: FeatureImages) -> tuple[list[int], int, int]:
    (batch,) = images.batches
    (pair,) = batch.queries
    assert pair.difficulty == "easy"
    return [one.rank for one in batch.references], pair.strong.rank, pair.weak.rank


class SelectionTests(DjangoTestCase):
    def test_references_are_the_strongest_and_queries_lie_just_inside_them_and_at_the_end(self) -> None:
        # Photographs, strongest first: rank 2 shows the photograph of rank 1, rank 5 that of rank 3; so does rank 9.
        images = make_pool([0, 0, 1, 2, 1, 3, 4, 5, 1])
        network = make_network()
        survey_by_hand(network, "logit=1", images)
        survey_by_hand(network, "logit=0", images[::-1])
        main, practice = select_images(protocol(2, "logit=1"))
        assert (main.feature.name, main.phase) == ("logit=1", "main")
        # The practice feature's references are ranks 1 and 2 of the reversed order: images 8 and 7.
        assert ranks(main) == ([1, 3], 4, 7)
        assert main.batches[0].queries[0].strong.activation == -3.0
        # Rank 3 and rank 6 are the main feature's queries, ranks 5 and 7 show a reference's photograph, rank 9 is a
        # reference of the main feature.
        assert (practice.phase, ranks(practice)) == ("practice", ([1, 2], 4, 8))

    def test_too_few_photographs_are_counted(self) -> None:
        images = make_pool([0, 1, 2, 2])
        network = make_network()
        survey_by_hand(network, "logit=1", images)
        survey_by_hand(network, "logit=0", images)
        with pytest.raises(ProtocolError, match=r"needs 4 images .* has 3 photographs, of which 1 are left"):
            select_images(protocol(2, "logit=1"))

    def test_queries_of_equal_activation_are_refused(self) -> None:
        images = make_pool([0, 1, 2, 3])
        network = make_network()
        survey_by_hand(network, "logit=1", images, [2.0, 1.0, 1.0, 1.0])
        survey_by_hand(network, "logit=0", images)
        with pytest.raises(ProtocolError, match="2 queries of different activation"):
            select_images(protocol(1, "logit=1"))

    def test_an_unknown_pool_is_named_with_those_that_are_there(self) -> None:
        with pytest.raises(ProtocolError, match=r"no image pool 'pool' \(there are: none\)"):
            select_images(protocol(1, "logit=1"))

    def test_a_network_that_was_not_surveyed_is_named(self) -> None:
        make_pool([0])
        with pytest.raises(ProtocolError, match=r"'net' has not been surveyed.*\n.*--features logit=1 logit=0$"):
            select_images(protocol(1, "logit=1"))

    def test_all_features_that_were_not_surveyed_are_named_with_the_command_that_surveys_them(self) -> None:
        survey_by_hand(make_network(), "logit=1", make_pool([0]))
        with pytest.raises(ProtocolError) as caught:
            select_images(protocol(1, "a:channel=2", "logit=1", "logit=3"))
        assert str(caught.value).splitlines() == [
            *(
                f"The feature '{name}' of net has not been surveyed over the pool 'pool'."
                for name in ("a:channel=2", "logit=3", "logit=0")
            ),
            "Check the spelling, then survey what is missing: "
            "python manage.py survey_features net pool --features a:channel=2 logit=3 logit=0",
        ]

    def test_the_command_names_the_weights_of_the_protocol(self) -> None:
        make_pool([0])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "my weights.pth"
            path.write_bytes(b"weights")
            table = protocol(1, "logit=1")
            stimuli = table.stimuli.model_copy(update={"weights": str(path)})
            with pytest.raises(ProtocolError) as caught:
                select_images(table.model_copy(update={"stimuli": stimuli}))
        command = str(caught.value).partition("missing: ")[2]
        assert shlex.split(command)[2:] == [
            *("survey_features", "net", "pool", "--weights", str(path), "--features", "logit=1", "logit=0")
        ]

    def test_a_feature_surveyed_over_another_pool_only_does_not_count(self) -> None:
        images = make_pool([0, 1, 2, 3, 4, 5])
        ImagePool.objects.update(name="other")
        survey_by_hand(make_network(), "logit=1", images)
        ImagePool.objects.create(name="pool", origin="test", image_size=64)
        pool = ImagePool.objects.get(name="pool")
        SourceImage.objects.create(pool=pool, sha256="f" * 64, left=0, top=0, side=64, perceptual_hash=0)
        with pytest.raises(ProtocolError, match="has not been surveyed over the pool 'pool'"):
            select_images(protocol(1, "logit=1"))


class SelectionProperties(TestCase):
    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.integers(1, 4), st.randoms(use_true_random=False))
    def test_whatever_is_selected_keeps_the_rules(
        self, photographs: list[int], references: int, generator: random.Random
    ) -> None:
        images = make_pool(photographs)
        network = make_network()
        for name in ("logit=0", "logit=1", "logit=2"):
            survey_by_hand(network, name, generator.sample(images, len(images)))
        asked = protocol(references, "logit=1", "logit=2")
        try:
            selected = select_images(asked)
        except ProtocolError:
            return
        assert select_images(asked) == selected
        shown = {one.image.pk for feature in selected for one in feature.references}
        queries = [query.image.pk for feature in selected for query in (feature.strong, feature.weak)]
        assert len(set(queries)) == len(queries) == 6
        assert not shown & set(queries)
        for feature in selected:
            used = [*feature.references, feature.strong, feature.weak]
            assert len({one.image.photograph_sha256 for one in used}) == len(used) == references + 2
            order = [one.rank for one in (*feature.references, feature.strong, feature.weak)]
            assert order == sorted(order)
            for one in used:
                row = Activation.objects.get(feature=feature.feature, image=one.image)
                assert (row.rank, row.value) == (one.rank, one.activation)


@pytest.mark.django_db
def test_without_weights_named_the_latest_that_come_with_the_name_are_meant() -> None:
    make_network(weights_sha256="a" * 64)
    latest = make_network(weights_sha256="b" * 64)
    make_network(weights_sha256="c" * 64, given=True)
    assert surveyed_network("net", None) == latest


@pytest.mark.django_db
def test_weights_named_are_known_by_the_hash_of_their_file(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(b"weights")
    make_network()
    with pytest.raises(ProtocolError, match=r"has not been surveyed with the weights .*weights\.pth"):
        surveyed_network("net", str(path))
    given_file = make_network(weights_sha256=hashlib.sha256(b"weights").hexdigest(), given=True)
    assert surveyed_network("net", str(path)) == given_file


@pytest.mark.django_db
def test_weights_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match=r"absent\.pth cannot be read: No such file"):
        surveyed_network("net", str(tmp_path / "absent.pth"))

"""Selection: references and queries of every feature, from constructed ranks."""

import hashlib
import itertools
import json
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

from stimuli.models import Activation, Feature, FeatureSurvey, ImagePool, SourceImage, VisionModel
from stimuli.networks import surveyed_network
from stimuli.protocol import Protocol, ProtocolError, parse_protocol
from stimuli.selection import FeatureImages, RankedImage, select_images
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
{more}
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


def protocol(references: int, *features: str, practice: tuple[str, ...] = ("logit=0",), more: str = "") -> Protocol:
    text = TEXT.format(references=references, features=list(features), practice=list(practice), more=more)
    return parse_protocol(text)


def distinct_look(number: int) -> int:
    """A perceptual hash of its own, unlike those of the other numbers."""
    return random.Random(number).randrange(-(2**63), 2**63)


def make_pool(photographs: Sequence[int], looks: Sequence[int] | None = None) -> list[SourceImage]:
    """One image for each entry, which names the photograph it was cut from; unlike the others if no looks are given."""
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

    def test_images_from_before_near_duplicates_were_looked_for_are_said_beside_all_else_that_is_missing(self) -> None:
        survey_by_hand(make_network(), "logit=1", make_pool([0, 1, 2]))
        SourceImage.objects.filter(sha256=f"{1:064x}").update(perceptual_hash=None)
        with pytest.raises(ProtocolError) as caught:
            select_images(protocol(1, "logit=1"))
        not_surveyed, how, hashes = str(caught.value).splitlines()
        assert "'logit=0' of net has not been surveyed" in not_surveyed
        assert how.endswith("--features logit=0")
        assert "'pool' was imported before" in hashes
        assert "run the same import_images again" in hashes

    def test_all_features_with_too_few_images_are_named(self) -> None:
        images = make_pool([0, 1, 2])
        network = make_network()
        for name in ("logit=0", "logit=1"):
            survey_by_hand(network, name, images)
        with pytest.raises(ProtocolError) as caught:
            select_images(protocol(2, "logit=1"))
        assert [line.split("'")[1] for line in str(caught.value).splitlines()] == ["logit=1", "logit=0"]

    def test_references_are_dealt_back_and_forth_and_queries_with_equal_distances(self) -> None:
        images = make_pool(range(60))
        network = make_network()
        survey_by_hand(network, "logit=1", images)
        # In the other feature's order the first and the last images lie in the middle.
        survey_by_hand(network, "logit=0", [*images[25:35], *images[:25], *images[35:]])
        more = 'batches = 3\nweak_references = 1\ndifficulties = [75, "easy"]'
        main, practice = select_images(protocol(2, "logit=1", more=more))
        assert [[one.rank for one in batch.references] for batch in main.batches] == [[1, 6], [2, 5], [3, 4]]
        assert [one.rank for one in main.references] == [1, 6, 2, 5, 3, 4]
        assert [[one.rank for one in batch.weak_references] for batch in main.batches] == [[60], [59], [58]]
        easy, harder = zip(*(batch.queries for batch in main.batches), strict=True)
        assert [(pair.difficulty, pair.strong.rank, pair.weak.rank) for pair in easy] == [
            ("easy", 7, 55), ("easy", 8, 56), ("easy", 9, 57),
        ]  # fmt: skip
        # Percentile 75 of 60 ranks is rank 15.75, percentile 25 rank 45.25.
        assert [(pair.difficulty, pair.strong.rank, pair.weak.rank) for pair in harder] == [
            ("75", 15, 44), ("75", 16, 45), ("75", 17, 46),
        ]  # fmt: skip
        (batch,) = practice.batches
        assert (len(batch.references), len(batch.weak_references)) == (2, 1)
        assert [pair.difficulty for pair in batch.queries] == ["easy"]
        assert len(set(main.images)) == len(main.images) == 3 * (2 + 1 + 2 * 2)

    def test_a_near_duplicate_of_a_reference_is_neither_a_reference_nor_a_query(self) -> None:
        looks = [distinct_look(number) for number in range(11)]
        looks[1] = looks[0] ^ 0b1111  # rank 2 is a copy of rank 1,
        looks[3] = looks[2] ^ (1 << 62)  # rank 4 of rank 3,
        looks[7] = looks[0] ^ -(2**63)  # and rank 8, the sign flipped, of rank 1
        images = make_pool(range(11), looks)
        network = make_network()
        survey_by_hand(network, "logit=1", images)
        survey_by_hand(network, "logit=0", [*images[8:], *images[:8]])
        main, practice = select_images(protocol(2, "logit=1"))
        # Ranks 9 and 10 are the practice feature's references.
        assert ranks(main) == ([1, 3], 5, 11)
        # Of this one, images 8 and 9 are the references; image 10 is the other's query, 0 to 3 are its references or
        # copies of them, 7 is a copy, too.
        assert ranks(practice) == ([1, 2], 9, 10)

    def test_of_a_large_pool_only_the_ends_give_references_and_easy_queries(self) -> None:
        images = make_pool(range(40))
        network = make_network()
        for name in ("logit=1", "logit=0"):
            survey_by_hand(network, name, images if name == "logit=1" else images[::-1])
        # As if 40 images of 4000 had been kept: 15 of either end, and a sample of 10 between them.
        FeatureSurvey.objects.update(images=4000, ends=15, sampled=10)
        for feature in Feature.objects.all():
            rows = list(Activation.objects.filter(feature=feature).order_by("rank"))
            for place, row in enumerate(rows):
                row.rank = place + 1 if place < 15 else 3961 + place if place >= 25 else 16 + (place - 15) * 440
            Activation.objects.bulk_update(rows, ["rank"])
        more = 'difficulties = ["easy", 90]'
        main, _ = select_images(protocol(3, "logit=1", more=more))
        easy, harder = main.batches[0].queries
        assert [one.rank for one in main.references] == [1, 2, 3]
        # The weakest three are the practice feature's references.
        assert (easy.strong.rank, easy.weak.rank) == (4, 3997)
        # Percentile 90 is rank 400.9; the sample has ranks 16, 456, 896 and so on.
        assert (harder.strong.rank, harder.weak.rank) == (456, 3536)
        with pytest.raises(ProtocolError, match=r"the 15 strongest and the 15 weakest of the 4000 .* larger --ends"):
            select_images(protocol(9, "logit=1", more="batches = 2"))


class SelectionProperties(TestCase):
    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(st.tuples(st.integers(0, 500), st.integers(0, 200)), min_size=60, max_size=120),
        st.integers(1, 3),
        st.integers(0, 2),
        st.integers(1, 3),
        st.lists(st.sampled_from(["easy", 95, 80, 60.5]), min_size=1, unique=True),
        st.randoms(use_true_random=False),
    )
    def test_whatever_is_selected_keeps_the_rules(
        self,
        pool: list[tuple[int, int]],
        references: int,
        weak: int,
        batches: int,
        difficulties: list[str | float],
        generator: random.Random,
    ) -> None:
        # Images with the same look differ in up to three bits of their hashes.
        looks = [distinct_look(look) ^ generator.choice([0, 1, 0b110, 0b111]) for _, look in pool]
        images = make_pool([photograph for photograph, _ in pool], looks)
        network = make_network()
        for name in ("logit=0", "logit=1", "logit=2"):
            survey_by_hand(network, name, generator.sample(images, len(images)))
        more = f"weak_references = {weak}\nbatches = {batches}\ndifficulties = {json.dumps(difficulties)}"
        asked = protocol(references, "logit=1", "logit=2", more=more)
        try:
            selected = select_images(asked)
        except ProtocolError:
            return
        assert select_images(asked) == selected
        evidence, queries = [], []
        for feature in selected:
            is_main = feature.phase == "main"
            assert len(feature.batches) == (batches if is_main else 1)
            assert_unlike(feature.images)
            for batch in feature.batches:
                assert (len(batch.references), len(batch.weak_references)) == (references, weak)
                evidence += [*batch.references, *batch.weak_references]
                order = [one.rank for one in (*batch.references, *reversed(batch.weak_references))]
                assert order == sorted(order)
                assert len(batch.queries) == (len(difficulties) if is_main else 1)
                for pair in batch.queries:
                    queries += [pair.strong, pair.weak]
                    assert pair.strong.rank < pair.weak.rank
                    assert pair.strong.activation > pair.weak.activation
                    assert batch.references[-1].rank < pair.strong.rank
                    assert all(pair.weak.rank < one.rank for one in batch.weak_references)
            for one in feature.images:
                row = Activation.objects.get(feature=feature.feature, image=one.image)
                assert (row.rank, row.value) == (one.rank, one.activation)
        for place, query in enumerate(queries):
            assert not any(look_alike(query, other) for other in (*evidence, *queries[:place]))

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.integers(1, 4), st.randoms(use_true_random=False))
    def test_without_near_duplicates_a_protocol_without_wishes_gets_what_the_plain_rule_gives(
        self, photographs: list[int], references: int, generator: random.Random
    ) -> None:
        images = make_pool(photographs)
        network = make_network()
        orders = {name: generator.sample(images, len(images)) for name in ("logit=1", "logit=2", "logit=0")}
        for name, order in orders.items():
            survey_by_hand(network, name, order)
        expected = plain_rule(list(orders.values()), references)
        if expected is None:
            with pytest.raises(ProtocolError, match="images of different photographs"):
                select_images(protocol(references, "logit=1", "logit=2"))
        else:
            found = select_images(protocol(references, "logit=1", "logit=2"))
            assert [ranks(one) for one in found] == expected


def plain_rule(orders: list[list[SourceImage]], references: int) -> list[tuple[list[int], int, int]] | None:
    """References from the top, then the strongest and the weakest image that are free; None where there are none."""
    chosen = []
    for order in orders:
        first = {image.photograph_sha256: rank for rank, image in reversed(list(enumerate(order, start=1)))}
        chosen.append(sorted(first.values())[:references])
    taken = {order[rank - 1].pk for order, ranks in zip(orders, chosen, strict=True) for rank in ranks}
    result = []
    for order, own in zip(orders, chosen, strict=True):
        seen = {order[rank - 1].photograph_sha256 for rank in own}
        free = [
            (rank, image)
            for rank, image in enumerate(order, start=1)
            if image.pk not in taken and image.photograph_sha256 not in seen
        ]
        if not free:
            return None
        strong, image = free[0]
        others = [rank for rank, other in free if other.photograph_sha256 != image.photograph_sha256]
        if not others or len(own) < references:
            return None
        result.append((own, strong, others[-1]))
        taken |= {image.pk, order[others[-1] - 1].pk}
    return result


def look_alike(one: RankedImage, other: RankedImage) -> bool:
    hashes = [ranked.image.perceptual_hash % 2**64 for ranked in (one, other)]
    return bin(hashes[0] ^ hashes[1]).count("1") <= 10


def assert_unlike(images: Sequence[RankedImage]) -> None:
    """Pairwise of different photographs, and no near-duplicates."""
    assert len({one.image.photograph_sha256 for one in images}) == len(images)
    assert not any(look_alike(one, other) for one, other in itertools.combinations(images, 2))


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

"""The hash of a stimulus's record: what it is over, that rows from before get theirs, and that a change leaves it."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from stimuli.consistency import inconsistencies, is_rank_of
from stimuli.freezing import freeze
from stimuli.immutability import FrozenError, refusals
from stimuli.models import Stimulus
from stimuli.record_hash import AS_THEY_ARE, FIGURES, record_sha256
from tests.studyapp.world import make_stimuli, make_survey, protocol_file, protocol_text

BEFORE = ("stimuli", "0009_working_plans")


@pytest.fixture
def newest(transactional_db: None) -> Iterator[list[tuple[str, str]]]:
    """The newest migrations, applied again whatever happens."""
    leaves = MigrationExecutor(connection).loader.graph.leaf_nodes()
    yield leaves
    MigrationExecutor(connection).migrate(leaves)


def test_rows_from_before_get_the_hash_of_what_stands_in_them_frozen_or_not(newest: list[tuple[str, str]]) -> None:
    make_survey()
    file = protocol_file(protocol_text())
    make_stimuli(file.protocol)
    freeze(file)
    make_stimuli(protocol_file(protocol_text(slug="bees", tables="[stimuli.accentuation]\nsteps = 7")).protocol)
    hashes = dict(Stimulus.objects.values_list("pk", "record_sha256"))
    MigrationExecutor(connection).migrate([BEFORE])
    MigrationExecutor(connection).migrate(newest)
    assert dict(Stimulus.objects.values_list("pk", "record_sha256")) == hashes
    assert list(inconsistencies(Stimulus.objects.all())) == []
    with pytest.raises(FrozenError), refusals(), transaction.atomic():
        Stimulus.objects.exclude(frozen_sets=None).update(record_sha256="ab" * 32)


def record(**changed: object) -> str:
    values: dict[str, object] = dict.fromkeys((*FIGURES, *AS_THEY_ARE), 1.0)
    values |= {"kind": "accentuation", "curve": [], "made_with": {}, **changed}
    network = SimpleNamespace(name="net", weights_sha256="ab")
    return record_sha256(SimpleNamespace(**values), feature="logit=1", network=network, pool="small", image=None)


@pytest.mark.parametrize("name", [*FIGURES, *AS_THEY_ARE, "kind", "curve"])
def test_every_value_of_a_record_decides_its_hash(name: str) -> None:
    assert record(**{name: [2.0] if name == "curve" else 2.0}) != record()


def test_a_number_has_one_hash_however_the_database_gives_it_back() -> None:
    assert record(curve=[10**22, -0.0], distance=1) == record(curve=[1e22, 0.0], distance=1.0)


def test_a_new_row_gets_the_hash_of_its_record_and_a_later_change_leaves_it(db: None) -> None:
    make_survey()
    make_stimuli(protocol_file(protocol_text()).protocol)
    stimulus = Stimulus.objects.all()[0]
    assert stimulus.record_sha256 == stimulus.hash_of_record()
    stimulus.activation_after = 99.0
    stimulus.save()
    (sentence,) = inconsistencies(Stimulus.objects.all())
    assert sentence.startswith(f"The record of {stimulus.describe()} is not the one of its hash: something of it,")


def test_a_rank_is_exact_where_the_whole_pool_was_kept_and_about_right_where_it_was_not() -> None:
    whole = [(10.0 - rank, rank) for rank in range(1, 6)]
    extent = {"images": 5, "ends": 5, "sampled": 5}
    assert is_rank_of(1, 99.0, whole, **extent)
    assert is_rank_of(3, 7.5, whole, **extent)
    assert is_rank_of(6, 0.0, whole, **extent)
    assert not is_rank_of(2, 7.5, whole, **extent)
    assert not is_rank_of(7, 0.0, whole, **extent)
    assert not is_rank_of(0, 99.0, whole, **extent)
    part = [(9.0, 1), (5.0, 500), (1.0, 1000)]
    extent = {"images": 1000, "ends": 1, "sampled": 1}
    assert is_rank_of(300, 6.0, part, **extent)
    assert not is_rank_of(900, 6.0, part, **extent)

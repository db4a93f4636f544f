"""An installation from before sets were frozen: its studies keep standing, and what they show is frozen."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from stimuli.immutability import opened
from stimuli.models import FrozenSet, SourceImage, Stimulus
from studyapp.models import QueryPair, Study
from tests.studyapp.world import make_study, protocol_text


def migrate(targets: list[tuple[str, str]]) -> None:
    MigrationExecutor(connection).migrate(targets)


def forget(frozen: FrozenSet) -> None:
    """Delete a set by SQL: the tables of the study site are not those of its models at this moment."""
    with opened(frozen), connection.cursor() as cursor:
        for members in ("images", "stimuli", "features"):
            cursor.execute(f"DELETE FROM stimuli_frozenset_{members}")
        cursor.execute("DELETE FROM stimuli_frozenset")


def just_before(name: str) -> list[tuple[str, str]]:
    """What a migration of the study site stands on."""
    graph = MigrationExecutor(connection).loader.graph
    key = next(key for key in graph.nodes if key[0] == "studyapp" and key[1].endswith(name))
    return [parent.key for parent in graph.node_map[key].parents if parent.key[0] == "studyapp"]


@pytest.fixture
def newest(transactional_db: None) -> Iterator[list[tuple[str, str]]]:
    """The newest migration of the study site, applied again whatever happens."""
    leaves = MigrationExecutor(connection).loader.graph.leaf_nodes("studyapp")
    yield leaves
    migrate(leaves)


def test_the_images_of_a_standing_study_are_frozen_by_the_migration(newest: list[tuple[str, str]]) -> None:
    study = make_study(protocol_text())
    frozen = study.frozen_set
    shown = {member: set(getattr(frozen, member).values_list("pk", flat=True)) for member in ("images", "stimuli")}
    features = frozen.features.count()
    migrate(just_before("studies_stand_on_frozen_sets"))
    forget(frozen)
    assert SourceImage.objects.update(perceptual_hash=1)
    migrate(newest)
    now = Study.objects.get().frozen_set
    assert (now.slug, now.protocol, now.protocol_sha256) == ("birds", study.protocol, study.protocol_sha256)
    assert {member: set(getattr(now, member).values_list("pk", flat=True)) for member in shown} == shown
    assert now.features.count() == features
    assert now.verification == {"note": "frozen from a study that was made before sets were frozen"}
    assert QueryPair.objects.count() == 6
    assert FrozenSet.objects.count() == 1
    assert Stimulus.objects.count() == 24

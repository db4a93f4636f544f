"""The gallery learns what plan_stimuli and generate_stimuli were asked for, until that is frozen or given up."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from stimuli.attempts import comes_out_the_same, left_behind, next_attempts, next_seed
from stimuli.freezing import freeze
from stimuli.models import Feature, FrozenSet, ImagePool, Rejection, Stimulus, WorkingPlan
from stimuli.planned import planned_feature
from stimuli.protocol import ProtocolFile
from stimuli.recipes import needed_recipes
from stimuli.selection import select_images
from stimuli.sets import contents
from stimuli.verification import problems
from stimuli.working_plans import keep_working_plan
from tests.stimuli.written_anew import write_anew
from tests.studyapp.world import make_stimuli, make_survey, protocol_file, protocol_text

GRADED = {"stimuli": 'batches = 2\ndifficulties = ["easy", 80]\nweak_references = 1', "references": 2, "features": 2}
CONTINUED = {"tables": "[stimuli.continuation]\nweak = 60\nstrong = 80"}


@pytest.fixture
def surveyed(db: None) -> None:
    make_survey()


def work_on(file: ProtocolFile, path: str = "birds.toml") -> WorkingPlan | None:
    """What the commands do at their end."""
    selected = select_images(file.protocol)
    return keep_working_plan(file, Path(path), selected, needed_recipes(file.protocol, selected))


def reject(stimulus: Stimulus) -> None:
    Rejection.objects.create(stimulus=stimulus, reason="a smear", by="ada")


@pytest.mark.usefixtures("surveyed")
class TestKeeping:
    def test_both_commands_keep_the_plan_and_what_was_made_of_it(self, tmp_path: Path) -> None:
        path = tmp_path / "birds.toml"
        path.write_text(protocol_text())
        call_command("plan_stimuli", path, out=tmp_path / "plan.json", no_warm_up=True)
        plan = WorkingPlan.objects.get()
        assert (plan.slug, plan.path, plan.protocol) == ("birds", str(path), path.read_text())
        assert plan.plan == (tmp_path / "plan.json").read_text()
        assert plan.stimuli.count() == 0
        make_stimuli(protocol_file(path.read_text()).protocol)
        call_command("generate_stimuli", path)
        assert set(WorkingPlan.objects.get().stimuli.all()) == set(Stimulus.objects.all())

    def test_a_run_that_fails_before_it_makes_anything_leaves_none(self, tmp_path: Path) -> None:
        path = tmp_path / "birds.toml"
        path.write_text(protocol_text())
        with pytest.raises(CommandError, match="small_net"):
            call_command("generate_stimuli", path, workers=1)
        assert not WorkingPlan.objects.exists()

    def test_what_other_settings_or_another_attempt_left_behind_is_superseded(self) -> None:
        file = protocol_file(protocol_text())
        make_stimuli(file.protocol)
        work_on(file)
        rejected = Stimulus.objects.earliest("id")
        reject(rejected)
        make_stimuli(file.protocol)
        plan = work_on(file, "elsewhere/birds.toml")
        assert plan is not None
        assert plan.path == "elsewhere/birds.toml"
        assert plan.superseded.get() == rejected
        assert plan.stimuli.count() == 24
        other = protocol_file(protocol_text(tables="[stimuli.accentuation]\nsteps = 7"))
        make_stimuli(other.protocol)
        work_on(other)
        assert (plan.stimuli.count(), plan.superseded.count()) == (24, 25)
        work_on(file)
        assert (plan.stimuli.count(), plan.superseded.count()) == (24, 25)

    def test_freezing_removes_it_and_a_frozen_protocol_is_not_worked_on(self) -> None:
        file = protocol_file(protocol_text())
        make_stimuli(file.protocol)
        work_on(file)
        freeze(file)
        assert not WorkingPlan.objects.exists()
        assert work_on(file) is None
        assert not WorkingPlan.objects.exists()

    def test_it_is_deleted_in_the_admin_and_the_stimuli_stay(self) -> None:
        file = protocol_file(protocol_text())
        make_stimuli(file.protocol)
        plan = work_on(file)
        assert plan is not None
        client = Client()
        client.force_login(User.objects.create_superuser("ada"))
        address = reverse("admin:stimuli_workingplan_delete", args=(plan.pk,))
        assert client.post(address, {"post": "yes"}).status_code == 302
        assert not WorkingPlan.objects.exists()
        assert Stimulus.objects.count() == 24

    def test_a_feature_is_read_back_with_batches_ranks_and_difficulties(self) -> None:
        plan = work_on(protocol_file(protocol_text(**GRADED)))  # type: ignore[arg-type]
        assert plan is not None
        feature, pool = Feature.objects.get(name="layer1:channel=1"), ImagePool.objects.get()
        found = planned_feature(plan.plan, feature, pool)
        assert found is not None
        assert (found.phase, [batch.number for batch in found.batches]) == ("main", [1, 2])
        assert {one.rank for batch in found.batches for one in batch.references} == {1, 2, 3, 4}
        assert {one.rank for batch in found.batches for one in batch.weak_references} == {47, 48}
        assert [pair.difficulty for pair in found.batches[0].queries] == ["easy", "80"]
        assert planned_feature(plan.plan, feature, ImagePool(name="another")) is None
        assert planned_feature("", feature, pool) is None


@pytest.mark.usefixtures("surveyed")
class TestAttempts:
    def test_the_siblings_of_a_rejected_continuation_are_left_behind_and_no_others(self) -> None:
        file = protocol_file(protocol_text(**CONTINUED))  # type: ignore[arg-type]
        make_stimuli(file.protocol)
        other = protocol_file(protocol_text(slug="bees", tables="[stimuli.continuation]\nweak = 50\nstrong = 80"))
        make_stimuli(other.protocol)  # with the same seeds on the same images
        assert left_behind() == set()
        rejected = Stimulus.objects.filter(kind="continuation", config__level_percentile=60).first()
        assert rejected is not None
        reject(rejected)
        sibling = Stimulus.objects.get(
            kind="continuation",
            feature=rejected.feature,
            image=rejected.image,
            seed=rejected.seed,
            config__levels=rejected.config["levels"],
            config__level_percentile=80,
        )
        assert left_behind() == {sibling.pk}

    def test_each_image_that_a_rejected_run_lacks_is_named_by_itself(self) -> None:
        file = protocol_file(protocol_text(**CONTINUED))  # type: ignore[arg-type]
        make_stimuli(file.protocol)
        rejected = Stimulus.objects.filter(kind="continuation", config__level_percentile=60).first()
        assert rejected is not None
        reject(rejected)
        found = list(problems(contents(file.protocol)))
        where = f"on image {rejected.image.sha256[:12]} has not been made in the place of the one that ada rejected"
        assert found == [
            f"The continuation of {rejected.feature} up to percentile {percentile} {where} (a smear)."
            for percentile in (60, 80)
        ]

    def test_what_was_made_in_the_place_of_many_is_found_in_one_query(
        self, django_assert_num_queries: pytest.FixtureRequest
    ) -> None:
        file = protocol_file(protocol_text())
        make_stimuli(file.protocol)
        rejected = list(Stimulus.objects.all()[:3])
        for one in rejected:
            reject(one)
        make_stimuli(file.protocol)
        with django_assert_num_queries(1):  # type: ignore[operator]
            found = next_attempts([*rejected, Stimulus.objects.none().model(seed=1)])
        assert {pk: one.seed for pk, one in found.items()} == {one.pk: next_seed(one.seed) for one in rejected}

    def test_only_attribution_maps_without_noise_come_out_the_same(self) -> None:
        for method, same in (("grad_cam", True), ("integrated_gradients", True), ("smooth_grad", False)):
            assert comes_out_the_same(Stimulus(kind="attribution", config={"method": method})) is same
        assert not comes_out_the_same(Stimulus(kind="accentuation", config={}))

    def test_what_was_rejected_is_not_frozen_though_it_came_again(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "birds.toml"
        path.write_text(protocol_text(conditions=("attribution",)))
        file = protocol_file(path.read_text())
        make_stimuli(file.protocol)
        rejected = Stimulus.objects.earliest("id")
        reject(rejected)
        make_stimuli(file.protocol)
        again = next_attempts([rejected])[rejected.pk]
        write_anew(Stimulus.objects.filter(pk=again.pk), sha256=rejected.sha256)
        with pytest.raises(CommandError, match="Problems in the set 'birds': 1;"):
            call_command("freeze_stimuli", path, sample=0)
        said = capsys.readouterr().out
        assert "is byte for byte the image that ada rejected (a smear): another seed changed nothing." in said
        assert "[stimuli.attribution]" in said
        assert not FrozenSet.objects.exists()

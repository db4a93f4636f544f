"""Storing the trials that are drawn for a participant: a round of practice, then the main trials."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from studyapp.assignment import PlannedTrial, design_of, plan_main, plan_practice
from studyapp.models import Participant, Phase, QueryPair, StudyFeature, Trial


def store_practice(participant: Participant) -> None:
    """Store the first round of practice."""
    _store(participant, Phase.PRACTICE, plan_practice)


def store_main(participant: Participant) -> None:
    """Store the main trials, after all that are stored already."""
    _store(participant, Phase.MAIN, plan_main)


def _store(participant: Participant, phase: Phase, draw: Callable[..., Sequence[PlannedTrial]]) -> None:
    study, plan = participant.study, participant.study.plan
    pairs = {
        (pair.study_feature_id, pair.batch, pair.difficulty): pair
        for pair in QueryPair.objects.filter(study_feature__study=study)
    }
    features = list(StudyFeature.objects.filter(study=study, phase=phase).order_by("position"))
    planned = draw(seed=study.seed, number=participant.number, features=len(features), design=design_of(plan))
    before = participant.trials.count()
    Trial.objects.bulk_create(
        Trial(
            participant=participant,
            position=position,
            phase=phase,
            task=plan.trials.task,
            condition=trial.cell.condition,
            query_pair=pairs[features[trial.feature].pk, trial.cell.batch, trial.cell.difficulty],
            strong_side=trial.strong_side,
            reference_order=list(trial.reference_order),
            weak_reference_order=list(trial.weak_reference_order),
            strong_panel_side=trial.strong_panel_side or "",
        )
        for position, trial in enumerate(map(_as_shown, planned), start=before + 1)
    )


def _as_shown(trial: PlannedTrial) -> PlannedTrial:
    """Without any explanation there are no reference panels either."""
    if trial.cell.condition != "none":
        return trial
    return replace(trial, reference_order=(), weak_reference_order=(), strong_panel_side=None)

"""Storing the trials that are drawn for a participant: a round of practice, then the main trials."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from studyapp.assignment import PlannedTrial, design_of, plan_main, plan_practice
from studyapp.models import Participant, Phase, QueryPair, StudyFeature, Trial


def store_practice(participant: Participant, *, number: int = 1) -> None:
    """Store a round of practice: the first one at enrolment, a further one where the one before was not passed."""
    _store(participant, Phase.PRACTICE, partial(plan_practice, practice_round=number), number=number)


def store_main(participant: Participant) -> None:
    """Store the main trials, when practice is over: after all that are stored already."""
    _store(participant, Phase.MAIN, plan_main)


def _store(
    participant: Participant, phase: Phase, draw: Callable[..., Sequence[PlannedTrial]], *, number: int = 1
) -> None:
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
            round=number,
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

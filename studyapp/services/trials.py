"""Storing the trials that are drawn for a participant: a round of practice, then the main trials."""

from collections.abc import Sequence
from dataclasses import replace

from studyapp.assignment import PlannedTrial, design_of, plan_practice, plan_session
from studyapp.models import ContinuationPair, FeatureUse, Participant, Phase, QueryPair, StudyFeature, Trial
from studyapp.tasks.registry import task_named


def store_practice(participant: Participant, *, number: int = 1) -> None:
    """Store a round of practice: the first one at enrolment, a further one where the one before was not passed."""
    study, stimuli = participant.study, participant.study.plan.stimuli
    planned = plan_practice(
        seed=study.drawn_from,
        number=participant.number,
        features=len(stimuli.practice_features),
        design=design_of(study.plan),
        practice_round=number,
    )
    _store(participant, Phase.PRACTICE, planned, number=number)


def store_main(participant: Participant) -> None:
    """Store the main trials, catch trials among them, when practice is over: after all that are stored already."""
    study, stimuli = participant.study, participant.study.plan.stimuli
    planned = plan_session(
        seed=study.drawn_from,
        number=participant.number,
        features=len(stimuli.features),
        catch_features=len(stimuli.catch_features),
        design=design_of(study.plan),
    )
    _store(participant, Phase.MAIN, planned)


def _store(participant: Participant, phase: Phase, planned: Sequence[PlannedTrial], *, number: int = 1) -> None:
    study = participant.study
    task = task_named(study.plan.trials.task)
    find_pair = task.pairs(study)
    features = {(one.phase, one.position): one for one in StudyFeature.objects.filter(study=study)}
    before = participant.trials.count()
    rows = []
    for position, trial in enumerate(planned, start=before + 1):
        use = FeatureUse.CATCH if trial.is_catch else FeatureUse(phase)
        pair = find_pair(features[use, trial.feature + 1], trial.cell)
        shown = trial if task.shows_references and trial.cell.condition != "none" else _without_references(trial)
        rows.append(
            Trial(
                participant=participant,
                position=position,
                phase=phase,
                round=number,
                task=task.name,
                condition=trial.cell.condition,
                is_catch=trial.is_catch,
                copied_reference=shown.copied_reference,
                query_pair=pair if isinstance(pair, QueryPair) else None,
                continuation_pair=pair if isinstance(pair, ContinuationPair) else None,
                batch=trial.cell.batch,
                strong_side=trial.strong_side,
                reference_order=list(shown.reference_order),
                weak_reference_order=list(shown.weak_reference_order),
                strong_panel_side=shown.strong_panel_side or "",
            )
        )
    Trial.objects.bulk_create(rows)


def _without_references(trial: PlannedTrial) -> PlannedTrial:
    """As it is shown where there are no reference panels."""
    return replace(trial, reference_order=(), weak_reference_order=(), strong_panel_side=None, copied_reference=None)

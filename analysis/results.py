"""Everything that the report says, as data: from a checked export to tests."""

from dataclasses import dataclass

import pandas as pd

from analysis.accuracy import ConditionAccuracy, condition_accuracies, participant_scores
from analysis.description import ConditionDescription, describe_conditions
from analysis.reading import ExportError
from analysis.selection import Selection, select_trials
from analysis.significance import ChanceTest, Comparison, chance_tests, compare_conditions


@dataclass(frozen=True)
class Findings:
    """What one set of trials shows. ``scores`` is one row per participant and condition."""

    scores: pd.DataFrame
    accuracies: tuple[ConditionAccuracy, ...]
    chance: tuple[ChanceTest, ...]
    comparisons: tuple[Comparison, ...]
    descriptions: tuple[ConditionDescription, ...]


@dataclass(frozen=True)
class Results:
    """A study's results: ``main`` on complete participants, ``everyone`` with the incomplete ones as a check.

    ``participants`` counts those with at least one answer, practice included: an export knows no others. ``everyone``
    is ``None`` where no incomplete participant answered a main trial, since it would repeat ``main``.
    """

    study: str
    protocol_sha256: str
    task: str
    features: int
    responses: int
    participants: int
    last_received: pd.Timestamp
    selection: Selection
    seed: int
    main: Findings
    everyone: Findings | None


def analyse(export: pd.DataFrame, *, seed: int) -> Results:
    """Analyse a checked export. ``seed`` settles every random draw: same rows and seed, same results.

    Raises:
        ExportError: no participant is complete yet.
    """
    selection = select_trials(export)
    if selection.complete.empty:
        raise ExportError([f"There is nothing to analyse yet: {_nobody_complete(selection)}."])
    first = export.iloc[0]
    return Results(
        study=str(first["study"]),
        protocol_sha256=str(first["protocol_sha256"]),
        task=str(first["task"]),
        features=int(selection.complete["feature"].nunique()),
        responses=len(export),
        participants=int(export["participant"].nunique()),
        last_received=export["received_at"].max(),
        selection=selection,
        seed=seed,
        main=_find(selection.complete, seed=seed),
        everyone=_find(selection.main, seed=seed) if len(selection.main) > len(selection.complete) else None,
    )


def _nobody_complete(selection: Selection) -> str:
    if selection.main.empty:
        return f"all {selection.practice} answers are of practice trials"
    furthest = max(selection.incomplete.values(), key=lambda trials: trials.answered)
    told = f"the furthest answered {furthest.answered} of {furthest.session}"
    return f"none of {len(selection.incomplete)} participants has answered all main trials; {told}"


def _find(trials: pd.DataFrame, *, seed: int) -> Findings:
    scores = participant_scores(trials)
    return Findings(
        scores=scores,
        accuracies=condition_accuracies(scores),
        chance=chance_tests(scores, seed=seed),
        comparisons=compare_conditions(scores, seed=seed),
        descriptions=describe_conditions(trials),
    )

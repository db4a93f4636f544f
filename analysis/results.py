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

    ``everyone`` is ``None`` where nobody is incomplete.
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
        ExportError: there is no answered main trial yet.
    """
    selection = select_trials(export)
    if selection.main.empty:
        told = f"all {selection.practice} answers are of practice trials"
        raise ExportError([f"There is nothing to analyse yet: {told}."])
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
        everyone=_find(selection.main, seed=seed) if selection.incomplete else None,
    )


def _find(trials: pd.DataFrame, *, seed: int) -> Findings:
    scores = participant_scores(trials)
    return Findings(
        scores=scores,
        accuracies=condition_accuracies(scores),
        chance=chance_tests(scores, seed=seed),
        comparisons=compare_conditions(scores, seed=seed),
        descriptions=describe_conditions(trials),
    )

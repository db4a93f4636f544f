"""Answers of participants who do not exist: the study's own assignment, crossed effects, lapses.

One simulator for power and for synthetic exports, so that a dry run and a power figure are about the same study.
"""

import csv
import hashlib
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize

from analysis.columns import NAMES
from analysis.dry_run import PREFIX
from stimuli.protocol import Protocol, ProtocolFile
from studyapp.assignment import PlannedTrial, design_of, plan_session

# Nodes at which the normal distribution of random effects is averaged over.
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
# Evidence, in log-odds, above which a simulated participant is fairly sure and sure.
FAIRLY_SURE, SURE = 0.4, 1.6
# In log-odds: a catch trial can be missed by a lapse only.
OBVIOUS = 20.0
START = datetime(2026, 1, 1, tzinfo=UTC)
# A browser in which nothing happens but the answers.
BROWSER = {
    "input": "keyboard",
    "shown_times": "1",
    "images_ms": "250.0",
    "frame_ms": "16.7",
    "blurs": "0",
    "hidden_ms": "0.0",
    "resizes": "0",
    "flips": "0",
    "original_ms": "0.0",
    "device_pixel_ratio": "1.0",
    "viewport_width": "1440",
    "viewport_height": "900",
}


class SimulationError(ValueError):
    """The assumptions do not fit the protocol; the message says what to mend."""


@dataclass(frozen=True)
class Assumptions:
    """What is true of the simulated world.

    ``accuracy`` maps every condition to its share of correct answers, in (0, 1), over all participants, features and
    images. The SDs are in log-odds, of intercepts of participants, features and image pairs; ``lapse`` is the share of
    trials in which a participant guesses whatever they saw. ``effect_participant_sd`` and ``effect_feature_sd`` are of
    what one condition does more than another, over participants and over features: 0 where it helps all alike.
    """

    accuracy: Mapping[str, float]
    participant_sd: float = 0.5
    feature_sd: float = 0.5
    image_sd: float = 0.3
    lapse: float = 0.02
    effect_participant_sd: float = 0.0
    effect_feature_sd: float = 0.0


def log_odds_of(accuracy: float, *, sd: float, lapse: float) -> float:
    """The log-odds at a typical participant, feature and image that give ``accuracy`` over all of them.

    Raises:
        SimulationError: no log-odds do, because lapses alone keep the accuracy from it.
    """
    ends = lapse / 2 + 0.001, 1 - lapse / 2 - 0.001
    if not ends[0] < accuracy < ends[1]:
        raise SimulationError(
            f"An accuracy of {accuracy:g} cannot be reached with a lapse rate of {lapse:g}: it must lie between "
            f"{ends[0]:.3f} and {ends[1]:.3f}."
        )

    def off(centre: float) -> float:
        shares = _logistic(centre + sd * NODES)
        return lapse / 2 + (1 - lapse) * float(WEIGHTS @ shares / WEIGHTS.sum()) - accuracy

    return float(optimize.brentq(off, -60.0, 60.0))


def _logistic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-x)), dtype=np.float64)


def assignment(protocol: Protocol, participants: int) -> pd.DataFrame:
    """The main trials of the first participants, drawn as the study draws them but without its secret: a row for each.

    ``feature`` is an index into the main features, or where ``catch`` is true into the catch features.
    """
    stimuli = protocol.stimuli
    before = len(stimuli.practice_features)
    return pd.DataFrame(
        {
            "participant": number,
            "trial": before + place,
            "feature": trial.feature,
            "catch": trial.is_catch,
            "condition": trial.cell.condition,
            "batch": trial.cell.batch,
            "difficulty": trial.cell.difficulty,
            "strong_side": trial.strong_side,
        }
        for number in range(1, participants + 1)
        for place, trial in enumerate(_session(protocol, number), start=1)
    )


def _session(protocol: Protocol, number: int) -> list[PlannedTrial]:
    stimuli = protocol.stimuli
    return plan_session(
        seed=protocol.seed,
        number=number,
        features=len(stimuli.features),
        catch_features=len(stimuli.catch_features),
        design=design_of(protocol),
    )


def simulate(trials: pd.DataFrame, assumptions: Assumptions, *, seed: int | Sequence[int]) -> pd.DataFrame:
    """Answer the ``trials`` of :func:`assignment`: adds ``correct``, ``choice``, ``confidence`` and ``rt_ms``.

    Catch trials are missed by lapses only.

    Raises:
        SimulationError: a condition of the trials has no accuracy, or accuracies are for conditions that are not there,
            or cannot be reached.
    """
    _check_conditions(trials, assumptions)
    rng = np.random.default_rng(seed)
    asked, caught = (trials[trials["catch"] == is_catch] for is_catch in (False, True))
    # Asked first, so that catch trials change none of the other answers.
    answered = [_answer(asked, _evidence(asked, assumptions, rng), assumptions, rng)]
    if len(caught):
        answered.append(_answer(caught, np.full(len(caught), OBVIOUS), assumptions, rng))
    return pd.concat(answered).sort_index()


def _evidence(trials: pd.DataFrame, assumptions: Assumptions, rng: np.random.Generator) -> NDArray[np.float64]:
    """The log-odds of a right answer to each trial."""
    sds = [assumptions.participant_sd, assumptions.feature_sd, assumptions.image_sd]
    centres = _centres(assumptions)
    # Every pair of queries has an ease of its own, on top of its feature's.
    pair = trials.groupby(["feature", "batch", "difficulty"]).ngroup()
    groups = [trials["participant"], trials["feature"], pair]
    # Drawn last and only if asked for: without them the answers of a seed stay what they were.
    for unit, spread in _effect_sds(assumptions).items():
        if spread > 0:
            groups.append(trials.groupby([unit, "condition"]).ngroup())
            sds.append(spread)
    evidence: NDArray[np.float64] = np.array([centres[str(name)] for name in trials["condition"]], dtype=np.float64)
    for group, spread in zip(groups, sds, strict=True):
        codes, names = pd.factorize(group, sort=True)
        evidence += rng.normal(0.0, spread, len(names))[codes]
    return evidence


def _answer(
    trials: pd.DataFrame, evidence: NDArray[np.float64], assumptions: Assumptions, rng: np.random.Generator
) -> pd.DataFrame:
    lapsed = rng.random(len(trials)) < assumptions.lapse
    correct = rng.random(len(trials)) < np.where(lapsed, 0.5, _logistic(evidence))
    return _answered(trials, evidence=evidence, correct=correct, rng=rng)


def check_assumptions(trials: pd.DataFrame, assumptions: Assumptions) -> None:
    """Whether the ``trials`` of :func:`assignment` can be answered as assumed.

    Raises:
        SimulationError: as for :func:`simulate`.
    """
    _check_conditions(trials, assumptions)
    _centres(assumptions)


def _check_conditions(trials: pd.DataFrame, assumptions: Assumptions) -> None:
    needed, given = set(trials["condition"].unique()), set(assumptions.accuracy)
    if needed != given:
        raise SimulationError(
            f"The protocol's conditions are {', '.join(sorted(needed))}, and accuracies are given for "
            f"{', '.join(sorted(given)) or 'none'}; give each condition its own."
        )


def _centres(assumptions: Assumptions) -> dict[str, float]:
    """The log-odds of each condition at a typical participant, feature and image."""
    sd = math.hypot(
        assumptions.participant_sd, assumptions.feature_sd, assumptions.image_sd, *_effect_sds(assumptions).values()
    )
    return {
        name: log_odds_of(accuracy, sd=sd, lapse=assumptions.lapse) for name, accuracy in assumptions.accuracy.items()
    }


def _effect_sds(assumptions: Assumptions) -> dict[str, float]:
    """Of what one condition does, by unit: a difference of two has twice the variance, so that each has half of it."""
    return {
        "participant": assumptions.effect_participant_sd / math.sqrt(2),
        "feature": assumptions.effect_feature_sd / math.sqrt(2),
    }


def _answered(
    trials: pd.DataFrame, *, evidence: NDArray[np.float64], correct: NDArray[np.bool_], rng: np.random.Generator
) -> pd.DataFrame:
    """Choice, confidence that knows a little, and times that are shorter where confidence is high."""
    felt = np.where(correct, evidence, evidence - 1.0) + rng.normal(0.0, 0.8, len(trials))
    confidence = 1 + (felt > FAIRLY_SURE).astype(int) + (felt > SURE)
    other = np.where(trials["strong_side"] == "left", "right", "left")
    return trials.assign(
        correct=correct,
        choice=np.where(correct, trials["strong_side"], other),
        confidence=confidence,
        rt_ms=np.round(np.exp(8.2 - 0.2 * confidence + rng.normal(0.0, 0.4, len(trials))), 1),
    )


def synthetic_export(file: ProtocolFile, assumptions: Assumptions, *, participants: int, seed: int) -> str:
    """An export, as CSV text, of a study that never took place: participants' codes begin with ``synthetic``.

    Raises:
        SimulationError: as for :func:`simulate`.
    """
    answered = simulate(assignment(file.protocol, participants), assumptions, seed=seed)
    sessions = answered["participant"].value_counts().to_dict()
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, NAMES, restval="", lineterminator="\n")
    writer.writeheader()
    now = START
    for record in answered.to_dict("records"):
        row = {str(name): value for name, value in record.items()}
        now += timedelta(milliseconds=row["rt_ms"] + 500)
        writer.writerow(_export_row(file, row | {"main_trials": sessions[row["participant"]]}, now))
    return text.getvalue()


def _export_row(file: ProtocolFile, row: Mapping[str, object], now: datetime) -> dict[str, str]:
    stimuli, task = file.protocol.stimuli, file.protocol.trials.task
    features = stimuli.catch_features if row["catch"] else stimuli.features
    has_panels = task != "continuation" and row["condition"] != "none"
    return {
        "study": file.protocol.slug,
        "protocol_sha256": file.sha256,
        "participant": f"{PREFIX}{row['participant']:05}",
        "main_trials": str(row["main_trials"]),
        "rounds": "1",
        "instructions_s": "60.0",
        "place_lost": "false",
        "trial": str(row["trial"]),
        "phase": "main",
        "round": "1",
        "catch": "true" if row["catch"] else "false",
        "task": task,
        "condition": str(row["condition"]),
        "model": stimuli.model,
        "weights_sha256": "0" * 64,
        "feature": features[int(str(row["feature"]))],
        "references": str(stimuli.references if has_panels else 0),
        "batch": str(row["batch"]),
        "strong_image": _no_image(row, "strong"),
        "weak_image": _no_image(row, "weak"),
        **(_queries(row) if task == "held_out" else {}),
        "strong_side": str(row["strong_side"]),
        "choice": str(row["choice"]),
        "correct": "true" if row["correct"] else "false",
        "confidence": str(row["confidence"]),
        "rt_ms": str(row["rt_ms"]),
        **BROWSER,
        "received_at": now.isoformat(),
    }


def _no_image(row: Mapping[str, object], role: str) -> str:
    """A SHA-256 in the place of an image's: the same wherever the same image would be shown."""
    of = (row["feature"], row["catch"], row["batch"], row["difficulty"], role)
    return hashlib.sha256(f"no image: {of}".encode()).hexdigest()


def _queries(row: Mapping[str, object]) -> dict[str, str]:
    """What is known of the two images in held_out only."""
    figures = {"strong_activation": "1.0", "weak_activation": "0.0", "strong_rank": "1", "weak_rank": "2"}
    return {"difficulty": str(row["difficulty"]), **figures}

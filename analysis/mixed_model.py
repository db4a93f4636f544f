"""The main test: a logistic mixed model with crossed random effects of participants and features.

The one door to gpboost. Participants differ in skill and features in difficulty. Both are drawn from larger
populations, and a model that knows only one of them finds effects that are not there (Clark 1973; Baayen, Davidson and
Bates 2008). So does a model that knows both and takes an explanation to help all of them alike: where a condition
varies within a unit, its effect must be let vary over units too (Barr, Levy, Scheepers and Tily 2013, Random effects
structure for confirmatory hypothesis testing: keep it maximal, Journal of Memory and Language 68).
The likelihood is Laplace's approximation, as in lme4's ``glmer``, with whose output the tests compare.
"""

import logging
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Literal

import gpboost
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from analysis.absence import Absent
from analysis.intervals import LEVEL, Interval

# A random effect whose standard deviation is below this, in log-odds, was estimated as next to none at all. Where the
# likelihood is flat towards 0 the search was seen to end at 0.01 where lme4 says 0.
SINGULAR_SD = 0.02
# A variance of 0 is no start: the search is over logarithms.
LEAST_VARIANCE = 1e-7
# The search ends where a step changes the log-likelihood by less than this share. With few answers it was seen to end
# at 1e-10 before a variance had grown from nearly 0 to where the likelihood is highest; with many it does not:
# of 129,000 answers both find the same to eight digits, the smaller share in 1.8 times the time.
CONVERGENCE, CONVERGENCE_OF_FEW, FEW = 1e-10, 1e-14, 20_000
# Beyond these, in log-odds, an estimate is running to infinity and not settling.
MOST_LOG_ODDS, MOST_SE = 12.0, 10.0
# By how much the log-likelihoods of one and the same model, fitted in other terms, may differ.
SAME_MAXIMUM = 0.01
# The fits of one model run side by side, each on one thread: the same bits on every machine.
WORKERS = 2
# gpboost prints its remarks among the output of the command; what matters of them is checked here.
gpboost.register_logger(logging.getLogger(__name__))
Reals = NDArray[np.float64]
Codes = NDArray[np.int64]
RandomEffects = Literal["slopes", "intercepts"]
UNITS = ("participant", "feature")


@dataclass(frozen=True)
class ConditionEstimate:
    """One condition at a typical participant and feature.

    ``log_odds`` of a correct answer with Wald's ``se``, ``z`` and two-sided ``p`` against 0 (chance);
    ``interval`` is of the log-odds.
    """

    condition: str
    log_odds: float
    se: float
    z: float
    p: float
    interval: Interval


@dataclass(frozen=True)
class Contrast:
    """``first`` minus ``second`` in log-odds, with Wald's ``se`` and ``interval``.

    ``chi2`` on 1 degree of freedom and ``p`` are of the likelihood-ratio test against the model in which the two
    conditions are one. ``direction`` is 1 where ``first`` is answered better, -1 where worse, 0 where neither.

    A condition without a wrong or without a right answer has infinite log-odds: there is no estimate then, and the
    likelihood, which has a limit, still has its ratio.
    """

    first: str
    second: str
    log_odds: float | Absent
    se: float | Absent
    interval: Interval | Absent
    chi2: float
    p: float
    direction: int


@dataclass(frozen=True)
class MixedModel:
    """The fitted model: ``correct ~ condition + (1 | participant) + (1 | feature)``, logit link.

    With ``random_effects`` of "slopes" also ``+ (1 | participant:condition) + (1 | feature:condition)``, each where
    conditions vary within the unit: how much a condition does differs between units, alike for all conditions.

    ``random_effects`` are those of the models in which contrasts are tested. Where a separated condition leaves only
    one, these have slopes and the model of what is left, whose estimates stand here, has none. ``varying`` are the
    units among which they let the effect of a condition differ.

    ``participant_sd`` and ``feature_sd`` are standard deviations of the random intercepts in log-odds, and
    ``participant_condition_sd`` and ``feature_condition_sd`` of the conditions within each, None where these are not in
    the model. ``singular`` names those that are below :data:`SINGULAR_SD`. ``separated`` are conditions without a wrong
    or without a right answer, with the reason why they are not in the model.
    """

    random_effects: RandomEffects
    varying: tuple[str, ...]
    answers: int
    participants: int
    features: int
    estimates: tuple[ConditionEstimate, ...]
    contrasts: tuple[Contrast, ...]
    participant_sd: float
    feature_sd: float
    participant_condition_sd: float | None
    feature_condition_sd: float | None
    log_likelihood: float
    singular: tuple[str, ...]
    separated: tuple[Absent, ...]


@dataclass(frozen=True)
class _Fit:
    """Coefficients in the order of the design's columns; ``variances`` in that of the groups."""

    coefficients: Reals
    ses: Reals
    variances: Reals
    log_likelihood: float


@dataclass(frozen=True)
class _Cells:
    """The answers as arrays (n,): 0/1, and codes of condition; ``names`` of these codes.

    ``groups`` (n, groups) holds the codes of what has random effects, and ``effects`` what they are of, in words.
    """

    correct: Reals
    groups: Codes
    effects: tuple[str, ...]
    condition: Codes
    names: tuple[str, ...]


@dataclass(frozen=True)
class _Question:
    """A contrast that is asked for, and the answers to which the model with both conditions as one is fitted.

    ``why`` says why there is no estimate, where a condition is separated; ``direction`` is then that of the contrast.
    ``cells`` is None where both are separated alike: as one condition they are separated too.
    """

    pair: tuple[str, str]
    cells: _Cells | None
    why: Absent | None
    direction: int


def mixed_model(
    trials: pd.DataFrame,
    *,
    pairs: Iterable[tuple[str, str]] | None = None,
    random_effects: RandomEffects = "slopes",
) -> MixedModel | Absent:
    """Fit the model to answered trials and test contrasts between conditions.

    ``trials`` has one row for each answer, with ``participant``, ``feature``, ``condition`` and ``correct``. ``pairs``
    are the contrasts, each (first, second); all pairs of conditions if not given. Pairs with a condition that nobody
    answered are left out.

    Null hypothesis of a contrast: both conditions have the same log-odds at a typical participant and feature; with
    "intercepts", for every participant and feature. Of a condition: its log-odds are 0 at a typical participant and
    feature.

    gpboost gives no covariances of coefficients, so that each contrast's standard error comes from the same model
    with another reference condition.
    """
    separated = _separations(trials)
    kept = trials[~trials["condition"].isin(list(separated))]
    absent = _too_little(kept, list(separated.values()))
    if absent:
        return absent
    known = sorted(map(str, trials["condition"].unique()))
    wanted = [pair for pair in (combinations(known, 2) if pairs is None else pairs) if set(pair) <= set(known)]
    cells = _cells(kept, random_effects)
    asked = [_question(pair, trials, separated, cells, random_effects) for pair in wanted]
    try:
        return _fitted(cells, asked, tuple(separated.values()))
    except (gpboost.basic.GPBoostError, _UnsettledError) as error:
        return Absent(f"No mixed model: the fit did not settle ({str(error).rstrip('.')}).")


class _UnsettledError(ArithmeticError):
    """An estimate that is no number or runs to infinity."""


def _separations(trials: pd.DataFrame) -> dict[str, Absent]:
    """Conditions whose log-odds are infinite, with the reason."""
    found = {}
    for name, correct in trials.groupby("condition")["correct"]:
        if correct.nunique() == 1:
            told = "correct" if correct.iloc[0] else "wrong"
            why = f"{name} is not in the mixed model: all its {len(correct):,} answers are {told} (separation)."
            found[str(name)] = Absent(why)
    return found


def _too_little(trials: pd.DataFrame, reasons: Sequence[Absent]) -> Absent | None:
    if trials.empty:
        told = " ".join(reason.why for reason in reasons) or "There is no answer."
        return Absent(f"No mixed model. {told}")
    for group in ("participant", "feature"):
        if trials[group].nunique() < 2:
            return Absent(f"No mixed model: one {group} does not show how much {group}s differ.")
    if len(trials) <= trials["participant"].nunique() + trials["feature"].nunique():
        return Absent("No mixed model: there are no more answers than participants and features together.")
    return None


def _cells(trials: pd.DataFrame, random_effects: RandomEffects) -> _Cells:
    # Where a variance is nearly 0 the search ends a little elsewhere for another order of the same answers.
    trials = trials.sort_values([*UNITS, "condition", "correct"])
    condition, names = pd.factorize(trials["condition"], sort=True)
    groups = {unit: pd.factorize(trials[unit], sort=True)[0] for unit in UNITS}
    if random_effects == "slopes":
        groups |= {
            f"condition within {unit}": groups[unit] * len(names) + condition for unit in UNITS if _varies(trials, unit)
        }
    return _Cells(
        correct=trials["correct"].to_numpy(dtype=np.float64),
        groups=np.stack(list(groups.values()), axis=1).astype(np.int64),
        effects=tuple(groups),
        condition=np.asarray(condition, dtype=np.int64),
        names=tuple(map(str, names)),
    )


def _varies(trials: pd.DataFrame, unit: str) -> bool:
    """Whether conditions vary within units, and within more than one: else nothing shows how their effect varies."""
    return bool((trials.groupby(unit)["condition"].nunique() > 1).sum() > 1)


def _question(
    pair: tuple[str, str],
    trials: pd.DataFrame,
    separated: Mapping[str, Absent],
    cells: _Cells,
    random_effects: RandomEffects,
) -> _Question:
    """What is to be fitted for a pair: where one of it is separated, its answers come in again."""
    concerned = [separated[name] for name in pair if name in separated]
    if not concerned:
        return _Question(pair, cells, None, 0)
    # 1, 0 or -1: log-odds without upper bound, finite ones, ones without lower bound.
    of = trials["condition"]
    first, second = (
        (2 * int(trials.loc[of == name, "correct"].iloc[0]) - 1) if name in separated else 0 for name in pair
    )
    why = Absent(" ".join(reason.why for reason in concerned))
    if first == second:
        return _Question(pair, None, why, 0)
    rest = trials[~of.isin([name for name in separated if name not in pair])]
    return _Question(pair, _cells(rest, random_effects), why, 1 if first > second else -1)


def _fitted(cells: _Cells, asked: Sequence[_Question], separated: tuple[Absent, ...]) -> MixedModel:
    """One fit for each condition as the reference, one for each pair made one."""
    names = cells.names
    with ThreadPoolExecutor(WORKERS, initializer=_hush) as pool:
        beginning = pool.submit(_fit, cells, _coded(cells.condition, range(len(names))))
        merged = pool.map(_as_one, asked)
        first = beginning.result()
        referred = pool.map(partial(_with_reference, cells, first), range(1, len(names)))
        fits, nulls = [first, *referred], list(merged)
    _check_one_maximum(fits, [null for null in nulls if null is not None])
    sds = dict(zip(cells.effects, map(float, np.sqrt(first.variances)), strict=True))
    tested = [question.cells.effects for question in asked if question.cells is not None] or [cells.effects]
    varying = tuple(unit for unit in UNITS if all(f"condition within {unit}" in effects for effects in tested))
    counts = [len(np.unique(column)) for column in cells.groups.T]
    return MixedModel(
        random_effects="slopes" if varying else "intercepts",
        varying=varying,
        answers=len(cells.correct),
        participants=counts[0],
        features=counts[1],
        estimates=tuple(_estimate(name, fit) for name, fit in zip(names, fits, strict=True)),
        contrasts=tuple(_contrasts(names, asked, fits, nulls)),
        participant_sd=sds["participant"],
        feature_sd=sds["feature"],
        participant_condition_sd=sds.get("condition within participant"),
        feature_condition_sd=sds.get("condition within feature"),
        log_likelihood=first.log_likelihood,
        singular=tuple(name for name, sd in sds.items() if sd < SINGULAR_SD),
        separated=separated,
    )


def _hush() -> None:
    """Send gpboost's remarks to the logger in this thread too: its library keeps the way to it for each thread."""
    library = gpboost.basic._LIB
    library.LGBM_RegisterLogCallback(library.callback)


def _coded(condition: NDArray[np.int64], levels: Iterable[int]) -> Reals:
    """The design (n, levels): a column of ones, and one for each of ``levels`` after the first.

    gpboost wants the intercept as a column of its own; without one it stops far from the maximum.
    """
    _, *rest = levels
    return np.stack([np.ones(len(condition)), *(condition == level for level in rest)], axis=1).astype(np.float64)


def _order(count: int, reference: int) -> list[int]:
    """The conditions with ``reference`` first."""
    return [reference, *(level for level in range(count) if level != reference)]


def _with_reference(cells: _Cells, first: _Fit, reference: int) -> _Fit:
    """The model of the first fit with another condition as the reference of the others.

    It is begun at the maximum that is known already, which halves the time; and from the usual start where the search
    ends elsewhere.
    """
    levels = _order(len(cells.names), reference)
    means = first.coefficients[0] + np.concatenate([[0.0], first.coefficients[1:]])
    start = np.concatenate([[means[reference]], means[levels[1:]] - means[reference]])
    design = _coded(cells.condition, levels)
    warm = _fit(cells, design, start=start, variances=first.variances)
    return warm if abs(warm.log_likelihood - first.log_likelihood) < SAME_MAXIMUM / 10 else _fit(cells, design)


def _as_one(question: _Question) -> _Fit | None:
    """The model in which the two conditions are one in what is estimated of conditions; random effects keep them apart.

    None where they are separated as one, and where the fit for a separated pair does not settle.
    """
    cells = question.cells
    if cells is None:
        return None
    kept, gone = map(cells.names.index, question.pair)
    levels = [level for level in _order(len(cells.names), kept) if level != gone]
    design = _coded(np.where(cells.condition == gone, kept, cells.condition), levels)
    try:
        return _fit(cells, design)
    except _UnsettledError:
        if question.why is None:
            raise
        return None


def _fit(cells: _Cells, design: Reals, *, start: Reals | None = None, variances: Reals | None = None) -> _Fit:
    """Maximise the likelihood for one design (n, columns), from gpboost's own start or from the one given.

    Only a start at the very maximum is worth giving: from one nearby the search was seen to end on its first step.

    Raises:
        _UnsettledError: an estimate is no number or runs to infinity.
    """
    model = gpboost.GPModel(
        group_data=cells.groups,
        likelihood="bernoulli_logit",
        # The default is iterative, and was seen to give wrong standard errors.
        matrix_inversion_method="cholesky",
        num_parallel_threads=1,
    )
    params: dict[str, object] = {"delta_rel_conv": CONVERGENCE if len(cells.correct) > FEW else CONVERGENCE_OF_FEW}
    if start is not None and variances is not None:
        params |= {"init_coef": start, "init_cov_pars": np.maximum(variances, LEAST_VARIANCE)}
    model.fit(y=cells.correct, X=design, params=params)
    coefficients, ses = np.asarray(model.get_coef(std_err=True, format_pandas=False), dtype=np.float64)
    found = _Fit(
        coefficients=coefficients,
        ses=ses,
        variances=np.asarray(model.get_cov_pars(format_pandas=False), dtype=np.float64).ravel(),
        log_likelihood=-float(model.get_current_neg_log_likelihood()),
    )
    _check_settled(found)
    return found


def _check_settled(fit: _Fit) -> None:
    if not np.isfinite([*fit.coefficients, *fit.ses, *fit.variances, fit.log_likelihood]).all():
        raise _UnsettledError("an estimate is not a finite number")
    if np.abs(fit.coefficients).max() > MOST_LOG_ODDS or fit.ses.max() > MOST_SE:
        raise _UnsettledError(
            "an estimate runs to infinity: some condition is nearly always right or nearly always wrong"
        )


def _check_one_maximum(fits: Sequence[_Fit], nulls: Sequence[_Fit]) -> None:
    """All references are the same model, and no model fits better than one that contains it."""
    reached = [fit.log_likelihood for fit in fits]
    if max(reached) - min(reached) > SAME_MAXIMUM or any(n.log_likelihood > min(reached) + SAME_MAXIMUM for n in nulls):
        raise _UnsettledError("the same model was fitted to different maxima")


def _estimate(name: str, fit: _Fit) -> ConditionEstimate:
    """The intercept of the fit in which the condition is the reference."""
    log_odds, se = float(fit.coefficients[0]), float(fit.ses[0])
    z = log_odds / se
    return ConditionEstimate(name, log_odds, se, z, 2 * float(stats.norm.sf(abs(z))), _wald(log_odds, se))


def _contrasts(
    names: Sequence[str], asked: Sequence[_Question], fits: Sequence[_Fit], nulls: Sequence[_Fit | None]
) -> Iterator[Contrast]:
    """The contrasts that can be tested, in the order in which they were asked for."""
    whole = fits[0].log_likelihood
    for question, null in zip(asked, nulls, strict=True):
        if null is None and question.cells is not None:
            continue
        # Of a separated condition every answer is certain, so that the whole model is that of the other conditions.
        # Below 0 only by the last digits of two maxima.
        chi2 = 0.0 if null is None else max(0.0, 2 * (whole - null.log_likelihood))
        p = float(stats.chi2.sf(chi2, 1))
        if question.why is None:
            log_odds, se = _difference(names, question.pair, fits)
            direction = (log_odds > 0) - (log_odds < 0)
            yield Contrast(*question.pair, log_odds, se, _wald(log_odds, se), chi2, p, direction)
        else:
            yield Contrast(*question.pair, question.why, question.why, question.why, chi2, p, question.direction)


def _difference(names: Sequence[str], pair: tuple[str, str], fits: Sequence[_Fit]) -> tuple[float, float]:
    """First minus second in log-odds and its standard error, from the fit whose reference is the second."""
    second = names.index(pair[1])
    column = _order(len(names), second).index(names.index(pair[0]))
    return float(fits[second].coefficients[column]), float(fits[second].ses[column])


def _wald(estimate: float, se: float) -> Interval:
    half = float(stats.norm.ppf((1 + LEVEL) / 2)) * se
    return Interval(estimate - half, estimate + half, "Wald's interval of the mixed model")


def probability(log_odds: float) -> float:
    """The probability that has these log-odds."""
    return 1 / (1 + math.exp(-log_odds))

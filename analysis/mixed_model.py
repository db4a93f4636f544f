"""The main test: a logistic mixed model with crossed random intercepts of participants and features.

The one door to gpboost. Participants differ in skill and features in difficulty. Both are drawn from larger
populations, and a model that knows only one of them finds effects that are not there (Clark 1973; Baayen, Davidson and
Bates 2008).
The likelihood is Laplace's approximation, as in lme4's ``glmer``, with whose output the tests compare.
"""

import logging
import math
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import gpboost
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from analysis.absence import Absent
from analysis.intervals import LEVEL, Interval

# A random intercept whose standard deviation is below this, in log-odds, was estimated as none at all.
SINGULAR_SD = 1e-3
# Beyond these, in log-odds, an estimate is running to infinity and not settling.
MOST_LOG_ODDS, MOST_SE = 12.0, 10.0
# By how much the log-likelihoods of one and the same model, fitted in other terms, may differ.
SAME_MAXIMUM = 0.01
# The fits of one model run side by side, each on one thread: the same bits on every machine.
WORKERS = 2
# gpboost prints its remarks among the output of the command; what matters of them is checked here.
gpboost.register_logger(logging.getLogger(__name__))
Reals = NDArray[np.float64]


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
    conditions are one.
    """

    first: str
    second: str
    log_odds: float
    se: float
    interval: Interval
    chi2: float
    p: float


@dataclass(frozen=True)
class MixedModel:
    """The fitted model: ``correct ~ condition + (1 | participant) + (1 | feature)``, logit link.

    ``participant_sd`` and ``feature_sd`` are standard deviations of the random intercepts in log-odds. ``singular``
    names those that are below :data:`SINGULAR_SD`. ``separated`` are conditions without a wrong or without a right
    answer, with the reason why they are not in the model.
    """

    answers: int
    participants: int
    features: int
    estimates: tuple[ConditionEstimate, ...]
    contrasts: tuple[Contrast, ...]
    participant_sd: float
    feature_sd: float
    log_likelihood: float
    singular: tuple[str, ...]
    separated: tuple[Absent, ...]


@dataclass(frozen=True)
class _Fit:
    """Coefficients in the order of the design's columns; ``variances`` of participants and features."""

    coefficients: Reals
    ses: Reals
    variances: Reals
    log_likelihood: float


@dataclass(frozen=True)
class _Cells:
    """The answers as arrays (n,): 0/1, and codes of group and condition; ``names`` of the condition codes."""

    correct: Reals
    groups: NDArray[np.int64]  # (n, 2): participant, feature
    condition: NDArray[np.int64]
    names: tuple[str, ...]


def mixed_model(trials: pd.DataFrame, *, pairs: Iterable[tuple[str, str]] | None = None) -> MixedModel | Absent:
    """Fit the model to answered trials and test contrasts between conditions.

    ``trials`` has one row for each answer, with ``participant``, ``feature``, ``condition`` and ``correct``. ``pairs``
    are the contrasts, each (first, second); all pairs of conditions if not given. Pairs with a condition that is not
    in the model are left out.

    Null hypothesis of a contrast: both conditions have the same log-odds for every participant and feature. Of a
    condition: its log-odds are 0 at a typical participant and feature.

    gpboost gives no covariances of coefficients, so that each contrast's standard error comes from the same model
    with another reference condition.
    """
    separated = tuple(_separations(trials))
    trials = trials[~trials["condition"].isin([name for name, _ in separated])]
    absent = _too_little(trials, [reason for _, reason in separated])
    if absent:
        return absent
    cells = _cells(trials)
    wanted = list(combinations(cells.names, 2)) if pairs is None else list(pairs)
    wanted = [pair for pair in wanted if set(pair) <= set(cells.names)]
    try:
        return _fitted(cells, wanted, tuple(reason for _, reason in separated))
    except (gpboost.basic.GPBoostError, _UnsettledError) as error:
        return Absent(f"No mixed model: the fit did not settle ({str(error).rstrip('.')}).")


class _UnsettledError(ArithmeticError):
    """An estimate that is no number or runs to infinity."""


def _separations(trials: pd.DataFrame) -> Iterable[tuple[str, Absent]]:
    """Conditions whose log-odds are infinite."""
    for name, correct in trials.groupby("condition")["correct"]:
        if correct.nunique() == 1:
            told = "correct" if correct.iloc[0] else "wrong"
            why = f"{name} is not in the mixed model: all its {len(correct):,} answers are {told} (separation)."
            yield str(name), Absent(why)


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


def _cells(trials: pd.DataFrame) -> _Cells:
    condition, names = pd.factorize(trials["condition"], sort=True)
    groups = [pd.factorize(trials[group], sort=True)[0] for group in ("participant", "feature")]
    return _Cells(
        correct=trials["correct"].to_numpy(dtype=np.float64),
        groups=np.stack(groups, axis=1).astype(np.int64),
        condition=np.asarray(condition, dtype=np.int64),
        names=tuple(map(str, names)),
    )


def _fitted(cells: _Cells, pairs: Sequence[tuple[str, str]], separated: tuple[Absent, ...]) -> MixedModel:
    """One fit for each condition as the reference, one for each pair made one."""
    names = cells.names
    with ThreadPoolExecutor(WORKERS, initializer=_hush) as pool:
        beginning = pool.submit(_fit, cells, _coded(cells.condition, range(len(names))))
        merged = pool.map(partial(_merged, cells), [(names.index(a), names.index(b)) for a, b in pairs])
        first = beginning.result()
        referred = pool.map(partial(_with_reference, cells, first), range(1, len(names)))
        fits, nulls = [first, *referred], list(merged)
    _check_one_maximum(fits, nulls)
    sds = np.sqrt(first.variances)
    participants, features = (len(np.unique(column)) for column in cells.groups.T)
    return MixedModel(
        answers=len(cells.correct),
        participants=participants,
        features=features,
        estimates=tuple(_estimate(name, fit) for name, fit in zip(names, fits, strict=True)),
        contrasts=tuple(_contrast(names, pair, fits, null) for pair, null in zip(pairs, nulls, strict=True)),
        participant_sd=float(sds[0]),
        feature_sd=float(sds[1]),
        log_likelihood=first.log_likelihood,
        singular=tuple(name for name, sd in zip(("participant", "feature"), sds, strict=True) if sd < SINGULAR_SD),
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


def _merged(cells: _Cells, pair: tuple[int, int]) -> _Fit:
    """The model in which two conditions are one."""
    kept, gone = pair
    levels = [level for level in _order(len(cells.names), kept) if level != gone]
    return _fit(cells, _coded(np.where(cells.condition == gone, kept, cells.condition), levels))


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
    params: dict[str, object] = {"delta_rel_conv": 1e-10}
    if start is not None and variances is not None:
        # A variance of 0 is no start: the search is over logarithms.
        params |= {"init_coef": start, "init_cov_pars": np.maximum(variances, SINGULAR_SD**2 / 10)}
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


def _contrast(names: Sequence[str], pair: tuple[str, str], fits: Sequence[_Fit], null: _Fit) -> Contrast:
    """From the fit whose reference is the pair's second condition."""
    second = names.index(pair[1])
    column = _order(len(names), second).index(names.index(pair[0]))
    log_odds, se = float(fits[second].coefficients[column]), float(fits[second].ses[column])
    # Below 0 only by the last digits of two maxima.
    chi2 = max(0.0, 2 * (fits[0].log_likelihood - null.log_likelihood))
    return Contrast(*pair, log_odds, se, _wald(log_odds, se), chi2, float(stats.chi2.sf(chi2, 1)))


def _wald(estimate: float, se: float) -> Interval:
    half = float(stats.norm.ppf((1 + LEVEL) / 2)) * se
    return Interval(estimate - half, estimate + half, "Wald's interval of the mixed model")


def probability(log_odds: float) -> float:
    """The probability that has these log-odds."""
    return 1 / (1 + math.exp(-log_odds))

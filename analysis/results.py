"""Everything that the report says, as data: from a checked export to tests."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import pandas as pd

from analysis.absence import Absent
from analysis.accuracy import ConditionAccuracy, condition_accuracies, participant_scores
from analysis.bayes_factor import BayesFactor, bayes_factor, bayes_factor_between
from analysis.breakdown import FeatureAccuracy, LevelAccuracy, breakdowns, feature_accuracies
from analysis.confidence import Calibration, Discrimination, calibrations, discriminations
from analysis.description import ConditionDescription, describe_conditions
from analysis.detection import Detection, detections
from analysis.dry_run import is_synthetic
from analysis.effects import EffectSize, cohens_dz, cohens_h, cohens_h_between, standardised_difference
from analysis.hypotheses import Effect, HypothesisResult, effect_of, judge_hypotheses
from analysis.learning import Learning, learning
from analysis.mixed_model import MixedModel, RandomEffects, mixed_model
from analysis.observers import Yardstick, yardsticks
from analysis.plan_check import PlanPoint, check_plan
from analysis.reading import ExportError, check_groups
from analysis.response_times import ResponseTimes, missing_times, response_times
from analysis.selection import Selection, select_trials
from analysis.significance import ChanceTest, Comparison, TwoUnits, chance_tests, compare_conditions, two_unit_test
from stimuli.protocol import CHANCE, AnalysisTable, ProtocolFile

Pair = tuple[str, str]
# With more answers a fit takes more than a few seconds, and there may be one for each rule.
MOST_TO_REFIT = 5_000
NOT_WITHIN = Absent("No dz: nobody has both conditions, so that there are no differences within participants.")
NOT_BETWEEN = Absent("No d of two groups: the same participants have both conditions.")
# Of units, and of conditions within them. So many are fitted in seconds, twice as many in minutes.
MOST_RANDOM_EFFECTS = 2_000


@dataclass(frozen=True)
class Findings:
    """What one set of trials shows. ``scores`` is one row per participant and condition."""

    scores: pd.DataFrame
    accuracies: tuple[ConditionAccuracy, ...]
    chance: tuple[ChanceTest, ...]
    comparisons: tuple[Comparison, ...]
    descriptions: tuple[ConditionDescription, ...]


@dataclass(frozen=True)
class PairEffects:
    """Effect sizes and evidence for ``first`` minus ``second``.

    Within the ``n`` participants who have both, standardised by ``dz``; or, where none has both, between ``n`` in two
    groups, standardised by ``d``. The one that does not belong to the design is absent, with the reason.
    """

    first: str
    second: str
    n: int
    h: EffectSize | Absent
    dz: EffectSize | Absent
    bayes: BayesFactor | Absent
    units: TwoUnits
    design: Literal["within", "between"]
    d: EffectSize | Absent


@dataclass(frozen=True)
class Details:
    """What stands beside accuracy and its tests, on the analysed trials; all of it exploratory.

    ``missing_times`` says of each condition without a row in ``times`` why it has none.
    """

    effects: tuple[PairEffects, ...]
    breakdowns: tuple[LevelAccuracy, ...]
    features: tuple[FeatureAccuracy, ...]
    detections: tuple[Detection, ...]
    calibrations: tuple[Calibration, ...]
    discriminations: tuple[Discrimination, ...]
    times: tuple[ResponseTimes, ...]
    learning: Learning | Absent
    missing_times: tuple[Absent, ...]


@dataclass(frozen=True)
class Robustness:
    """The results where one rule is left out: ``rule`` is its key, ``participants`` how many are then analysed.

    ``hypotheses`` are tested anew as planned, but for ``substitute``: it says where participants' tests stand for those
    of the mixed model, and why. ``effects`` are their differences, or those of all pairs where there is no hypothesis.
    """

    rule: str
    sentence: str
    participants: int
    hypotheses: tuple[HypothesisResult, ...]
    substitute: str | None
    effects: tuple[Effect, ...]


@dataclass(frozen=True)
class Results:
    """A study's results: ``main`` on analysed participants, ``everyone`` on all who answered a main trial as a check.

    ``participants`` counts those with at least one answer, practice included: an export knows no others. ``everyone``
    is ``None`` where no excluded participant answered a main trial, since it would repeat ``main``. ``points`` compare
    the plan with what was run; empty without a protocol. ``yardsticks`` are of observers who are no people; empty
    without their file. ``dry_run`` says that all participants are simulated, so that nothing is about people.
    """

    study: str
    protocol_sha256: str
    tasks: tuple[str, ...]
    features: int
    responses: int
    participants: int
    last_received: pd.Timestamp
    selection: Selection
    seed: int
    plan: AnalysisTable
    points: tuple[PlanPoint, ...]
    hypotheses: tuple[HypothesisResult, ...]
    model: MixedModel | Absent
    main: Findings
    details: Details
    robustness: tuple[Robustness, ...]
    everyone: Findings | None
    yardsticks: tuple[Yardstick, ...]
    dry_run: bool

    @property
    def ran_as_given(self) -> bool:
        """Whether the data were collected under the very protocol that was given to the analysis."""
        return bool(self.points) and self.points[0].kept is True

    @property
    def confirmatory(self) -> bool:
        """Whether hypotheses were declared in the very protocol under which the data of people were collected."""
        return bool(self.hypotheses) and self.ran_as_given and not self.dry_run


def analyse(
    export: pd.DataFrame,
    *,
    seed: int,
    protocol: ProtocolFile | None = None,
    observers: pd.DataFrame | None = None,
    on_long_fit: Callable[[int], None] | None = None,
) -> Results:
    """Analyse a checked export. ``seed`` settles every random draw: same rows and seed, same results.

    ``protocol`` is the study's protocol file, whose plan is followed; without one nobody is excluded but the incomplete
    and who lost the place, and everything is exploratory. ``observers`` are the checked answers of observers to the
    export's trials. ``on_long_fit`` is told the number of random effects before a model is fitted that takes minutes.

    Raises:
        ExportError: nobody is left to be analysed, or somebody has two conditions in a study between participants.
    """
    plan = protocol.protocol.analysis if protocol else AnalysisTable()
    if protocol and protocol.protocol.trials.design == "between":
        check_groups(export)
    selection = select_trials(export, plan.exclusions)
    if selection.analysed.empty:
        raise ExportError([f"There is nothing to analyse yet: {_nobody_left(selection)}."])
    trials = selection.analysed
    main = _find(trials, plan, seed=seed)
    pairs = _pairs(main, plan)
    random_effects = _random_effects(trials, plan)
    if on_long_fit and random_effects == "slopes" and _effects_with_slopes(trials) > MOST_RANDOM_EFFECTS:
        on_long_fit(_effects_with_slopes(trials))
    model = mixed_model(trials, pairs=_contrasts(main, plan), random_effects=random_effects)
    first = export.iloc[0]
    return Results(
        study=str(first["study"]),
        protocol_sha256=str(first["protocol_sha256"]),
        tasks=tuple(sorted(map(str, trials["task"].unique()))),
        features=int(trials["feature"].nunique()),
        responses=len(export),
        participants=int(export["participant"].nunique()),
        last_received=export["received_at"].max(),
        selection=selection,
        seed=seed,
        plan=plan,
        points=check_plan(protocol, export, trials) if protocol else (),
        hypotheses=judge_hypotheses(trials, model, plan, seed=seed),
        model=model,
        main=main,
        details=_details(trials, main, plan, seed=seed),
        robustness=tuple(_robustness(selection, pairs, plan, seed=seed)),
        everyone=_find(selection.main, plan, seed=seed) if len(selection.main) > len(trials) else None,
        yardsticks=() if observers is None else yardsticks(trials, observers),
        dry_run=is_synthetic(str(first["participant"])),  # one is as all are: the reader lets no mixture pass
    )


def _random_effects(trials: pd.DataFrame, plan: AnalysisTable) -> RandomEffects:
    """Those of the plan; where nothing is tested that was declared, a large study is spared the minutes of slopes."""
    if not plan.hypotheses and _effects_with_slopes(trials) > MOST_RANDOM_EFFECTS:
        return "intercepts"
    return plan.random_effects


def _effects_with_slopes(trials: pd.DataFrame) -> int:
    """How many random effects a model with slopes has: of every unit, and of every condition within it."""
    units, conditions = trials["participant"].nunique() + trials["feature"].nunique(), trials["condition"].nunique()
    return int(units * (1 + conditions))


def _nobody_left(selection: Selection) -> str:
    if selection.main.empty:
        kinds = "practice and catch trials" if selection.catch else "practice trials"
        return f"all {selection.practice + selection.catch} answers are of {kinds}"
    if len(selection.incomplete) < len(selection.broken):
        told = "; ".join(f"{len(rule.participants)} {rule.sentence}" for rule in selection.exclusions)
        return f"the rules exclude all {len(selection.broken)} participants ({told})"
    furthest = max(selection.incomplete.values(), key=lambda trials: trials.answered)
    told = f"the furthest answered {furthest.answered} of {furthest.session}"
    return f"none of {len(selection.incomplete)} participants has answered all main trials; {told}"


def _find(trials: pd.DataFrame, plan: AnalysisTable, *, seed: int) -> Findings:
    scores = participant_scores(trials)
    return Findings(
        scores=scores,
        accuracies=condition_accuracies(scores, seed=seed),
        chance=chance_tests(scores, seed=seed, test=plan.participant_test),
        comparisons=compare_conditions(scores, seed=seed, test=plan.participant_test),
        descriptions=describe_conditions(trials),
    )


def _pairs(main: Findings, plan: AnalysisTable) -> list[Pair]:
    """What is compared: the pairs of the hypotheses, or all pairs of conditions where there are none."""
    if plan.hypotheses:
        return list(dict.fromkeys((row.first, row.second) for row in plan.hypotheses))
    return list(combinations([row.condition for row in main.accuracies], 2))


def _contrasts(main: Findings, plan: AnalysisTable) -> list[Pair]:
    """The contrasts of the mixed model: those of the hypotheses as they put them, then all others."""
    claimed = [pair for pair in _pairs(main, plan) if CHANCE not in pair]
    known = {frozenset(pair) for pair in claimed}
    every = combinations([row.condition for row in main.accuracies], 2)
    return claimed + [pair for pair in every if frozenset(pair) not in known]


def _details(trials: pd.DataFrame, main: Findings, plan: AnalysisTable, *, seed: int) -> Details:
    wide = main.scores["accuracy"].unstack("condition")
    return Details(
        effects=tuple(_effects(trials, wide, row, plan, seed=seed) for row in main.comparisons),
        breakdowns=breakdowns(trials, seed=seed),
        features=feature_accuracies(trials),
        detections=detections(trials),
        calibrations=calibrations(trials),
        discriminations=discriminations(trials),
        times=response_times(trials, min_ms=plan.min_rt_ms, max_ms=plan.max_rt_ms),
        missing_times=missing_times(trials, min_ms=plan.min_rt_ms, max_ms=plan.max_rt_ms),
        learning=learning(trials, seed=seed, test=plan.participant_test),
    )


def _effects(
    trials: pd.DataFrame, wide: pd.DataFrame, row: Comparison, plan: AnalysisTable, *, seed: int
) -> PairEffects:
    """``wide`` has participants' accuracies, a column for each condition."""
    pair = (row.first, row.second)
    units = two_unit_test(trials, *pair, seed=seed, test=plan.participant_test)
    if row.design == "between":
        first, second = (wide[name].dropna().to_numpy(dtype=float) for name in pair)
        h, d = cohens_h_between(first, second, seed=seed), standardised_difference(first, second)
        return PairEffects(*pair, row.n, h, NOT_WITHIN, bayes_factor_between(first, second), units, row.design, d)
    first, second = (wide[list(pair)].dropna()[name].to_numpy(dtype=float) for name in pair)
    h, dz = cohens_h(first, second, seed=seed), cohens_dz(first - second)
    return PairEffects(*pair, row.n, h, dz, bayes_factor(first - second), units, row.design, NOT_BETWEEN)


def _robustness(selection: Selection, pairs: list[Pair], plan: AnalysisTable, *, seed: int) -> Iterable[Robustness]:
    """The results with each rule left out in turn, of the rules that excluded anybody."""
    for rule in selection.exclusions:
        trials = selection.without(rule.key)
        if len(trials) == len(selection.analysed):
            continue
        scores = participant_scores(trials)
        judged, substitute = _judged_anew(trials, scores, pairs, plan, seed=seed)
        effects = (
            [row.effect for row in judged]
            if plan.hypotheses
            else [effect_of(scores, *pair, test=plan.participant_test, seed=seed) for pair in pairs]
        )
        yield Robustness(
            rule=rule.key,
            sentence=rule.sentence,
            participants=int(trials["participant"].nunique()),
            hypotheses=judged,
            substitute=substitute,
            effects=tuple(effect for effect in effects if isinstance(effect, Effect)),
        )


def _judged_anew(
    trials: pd.DataFrame, scores: pd.DataFrame, pairs: list[Pair], plan: AnalysisTable, *, seed: int
) -> tuple[tuple[HypothesisResult, ...], str | None]:
    """The hypotheses on other trials, and why another test than the planned one was made, if one was."""
    model: MixedModel | Absent = Absent("No mixed model: no hypothesis asks for it.")
    substitute = None
    if plan.main_test == "mixed_model" and any(row.margin is None for row in plan.hypotheses):
        if len(trials) <= MOST_TO_REFIT:
            contrasts = [pair for pair in pairs if CHANCE not in pair]
            model = mixed_model(trials, pairs=contrasts, random_effects=_random_effects(trials, plan))
        else:
            substitute = (
                f"Participants' tests stand for those of the mixed model, which takes long with more than "
                f"{MOST_TO_REFIT:,} answers and is not fitted anew for each rule."
            )
            plan = plan.model_copy(update={"main_test": plan.participant_test})
    return judge_hypotheses(trials, model, plan, seed=seed), substitute

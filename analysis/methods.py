"""The methods paragraph: what was shown, to whom, and how it was analysed, from the protocol and the provenance."""

from collections import Counter
from collections.abc import Iterator

from analysis.absence import Absent
from analysis.breakdown import layer_of
from analysis.dry_run import nobody_took_part
from analysis.equivalence import EquivalenceTest
from analysis.hypotheses import HypothesisResult
from analysis.mixed_model import ConditionEstimate, Contrast
from analysis.model_words import random_effects, singular_fit
from analysis.results import Results
from analysis.selection import Exclusion
from analysis.task_words import words_of
from analysis.wording import rt_bounds


def methods_paragraph(results: Results) -> str:
    """The paragraph, without markup."""
    return " ".join(
        (
            *((nobody_took_part(results.participants),) if results.dry_run else ()),
            _shown(results),
            *_design(results),
            _people(results),
            _plan(results),
            *_tests(results),
            *_stopping(results),
            _provenance(results),
        )
    )


def _shown(results: Results) -> str:
    trials = results.selection.analysed
    models = sorted(map(str, trials["model"].unique()))
    layers = sorted({layer_of(feature) for feature in map(str, trials["feature"].unique())})
    shown = sorted(int(count) for count in trials["references"].unique())
    tasks = " ".join(_task(task, _span(shown), ", ".join(models)) for task in results.tasks)
    features = f"The {results.features} features were" if results.features > 1 else "The feature was"
    return (
        f"{tasks} Choice and confidence (1 to 3) were given in one gesture. {features} of "
        f"{len(layers)} layer{'' if len(layers) == 1 else 's'} ({', '.join(layers)})."
    )


def _task(task: str, references: str, models: str) -> str:
    did = words_of(task).did.format(references=references, models=models)
    return f"In each trial of a two-alternative forced choice (task {task}; chance 50%), participants {did}."


def _span(values: list[int]) -> str:
    return f"{values[0]}" if values[0] == values[-1] else f"{values[0]} to {values[-1]}"


def _design(results: Results) -> Iterator[str]:
    conditions = [row.condition for row in results.main.accuracies]
    designs = {row.design for row in results.main.comparisons}
    if len(conditions) == 1:
        yield f"There was one condition: {conditions[0]}."
    elif len(designs) == 1:
        yield f"Conditions varied {designs.pop()} participants: {', '.join(conditions)}."
    else:
        yield f"Conditions, some within and some between participants: {', '.join(conditions)}."
    if results.selection.catch:
        yield (
            f"Catch trials, which show again what was shown as evidence, were answered {results.selection.catch:,} "
            "times; they count in no accuracy and no test."
        )
    yield f"Response times are described over right answers{rt_bounds(results.plan)}."


def _people(results: Results) -> str:
    """Every rule with whom it excluded, those that excluded nobody too: they are part of what was done."""
    selection = results.selection
    analysed = selection.analysed["participant"].nunique()
    simulated = "simulated " if results.dry_run else ""
    people = f"{results.participants} {simulated}participant{'' if results.participants == 1 else 's'}"
    rules = [f"{len(rule.participants)} who {rule.sentence}{_unjudged(rule)}" for rule in selection.exclusions]
    return (
        f"Of {people} who answered at least one trial, {analysed} {'was' if analysed == 1 else 'were'} analysed. "
        f"Excluded were, by these rules in this order, {', '.join(rules)}."
    )


def _unjudged(rule: Exclusion) -> str:
    """A rule that could judge nobody is no rule that everybody kept."""
    return f" ({rule.unjudged} could not be judged)" if rule.unjudged else ""


def _plan(results: Results) -> str:
    """Where hypotheses and rules come from; only those of the study's own protocol were there before its data."""
    if not results.points:
        return "No protocol was given to the analysis, so that all results are exploratory."
    if not results.ran_as_given:
        return (
            "Hypotheses and rules are of a protocol under which the data were not collected, so that all results are "
            "exploratory."
        )
    if not results.hypotheses:
        return "No hypothesis was declared before the data were collected, so that all results are exploratory."
    family = len(results.hypotheses)
    if results.dry_run:
        return (
            f"The protocol declares {family} hypothes{'is' if family == 1 else 'es'}, of which a dry run tells nothing."
        )
    return f"The protocol declared {family} hypothes{'is' if family == 1 else 'es'} and the rules before the data."


def _tests(results: Results) -> Iterator[str]:
    """Which tests the hypotheses had, as they were made and not as the plan's main test would have it."""
    if not results.hypotheses:
        return
    kinds = Counter(_kind(row, results) for row in results.hypotheses)
    told = ", ".join(f"{count} by {kind}" for kind, count in kinds.items() if kind)
    corrected = " after Holm's correction" if len(results.hypotheses) > 1 else ""
    if told:
        # "Tested at alpha" claims a decision, which there is only for what was declared.
        level = f" at alpha = {results.plan.alpha:g}{corrected}" if results.confirmatory else corrected
        yield f"The hypotheses were tested{level}: {told}."
    if kinds[""]:
        yield f"{kinds['']} of the hypotheses could not be tested."
    yield from singular_fit(results.model)


def _kind(result: HypothesisResult, results: Results) -> str:
    test = result.test
    if isinstance(test, Absent):
        return ""
    if isinstance(test, Contrast):
        return f"a likelihood-ratio test in a logistic mixed model with {random_effects(results.model)}"
    if isinstance(test, ConditionEstimate):
        return "a Wald test of the condition's log-odds in the mixed model"
    if isinstance(test, EquivalenceTest):
        margin = f"{100 * test.margin:g} percentage points"
        return f"two one-sided t-tests of participants' differences within a margin of {margin}"
    return f"the {test.name} of participants' means"


def _stopping(results: Results) -> Iterator[str]:
    planned, found = results.plan.participants, results.selection.analysed["participant"].nunique()
    if planned is None or not results.ran_as_given or results.dry_run:
        return
    told = f"Data collection was to stop at {planned} analysed participants"
    yield f"{told}, and did." if found == planned else f"{told}, which was not kept: {found} were analysed."


def _provenance(results: Results) -> str:
    weights = sorted({str(value)[:12] for value in results.selection.analysed["weights_sha256"].unique()})
    model = results.model
    fitted = (
        "" if isinstance(model, Absent) else f" The mixed model was fitted to {model.answers:,} answers by gpboost."
    )
    protocol = f"; protocol: SHA-256 {results.protocol_sha256[:12]}" if results.ran_as_given else ""
    return f"Weights of the network: SHA-256 {', '.join(weights)}{protocol}.{fitted}"

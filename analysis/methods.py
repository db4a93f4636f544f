"""The methods paragraph: what was shown, to whom, and how it was analysed, from the protocol and the provenance."""

from analysis.absence import Absent
from analysis.breakdown import layer_of
from analysis.results import Results
from analysis.task_words import words_of

TESTS = {
    "mixed_model": "likelihood-ratio tests in a logistic mixed model with crossed random intercepts of participants "
    "and features",
    "sign_flip": "sign-flip permutation tests of participants' means",
    "t": "t-tests of participants' means",
    "wilcoxon": "Wilcoxon signed-rank tests of participants' means",
}


def methods_paragraph(results: Results) -> str:
    """The paragraph, without markup."""
    return " ".join((_design(results), _people(results), _analysis(results), _provenance(results)))


def _design(results: Results) -> str:
    trials = results.selection.analysed
    models = sorted(map(str, trials["model"].unique()))
    layers = sorted({layer_of(feature) for feature in map(str, trials["feature"].unique())})
    shown = sorted(int(count) for count in trials["references"].unique())
    conditions = ", ".join(row.condition for row in results.main.accuracies)
    tasks = " ".join(_task(task, _span(shown), ", ".join(models)) for task in results.tasks)
    return (
        f"{tasks} Choice and confidence (1 to 3) were given in one gesture. The {results.features} features were of "
        f"{len(layers)} layer{'' if len(layers) == 1 else 's'} ({', '.join(layers)}). Conditions: {conditions}."
    )


def _task(task: str, references: str, models: str) -> str:
    did = words_of(task).did.format(references=references, models=models)
    return f"In each trial of a two-alternative forced choice (task {task}; chance 50%), participants {did}."


def _span(values: list[int]) -> str:
    return f"{values[0]}" if values[0] == values[-1] else f"{values[0]} to {values[-1]}"


def _people(results: Results) -> str:
    selection = results.selection
    excluded = [f"{len(rule.participants)} who {rule.sentence}" for rule in selection.exclusions if rule.participants]
    analysed = selection.analysed["participant"].nunique()
    told = f"Of {results.participants} participants who answered at least one trial, {analysed} were analysed"
    rules = "the rule" if len(selection.exclusions) == 1 else f"the {len(selection.exclusions)} rules"
    if not excluded:
        return f"{told}; {rules} excluded nobody."
    return f"{told}; excluded were {', '.join(excluded)}."


def _analysis(results: Results) -> str:
    plan = results.plan
    if results.hypotheses:
        target = (
            "" if plan.participants is None else f" Data collection was to stop at {plan.participants} participants."
        )
        family = f"{len(results.hypotheses)} hypothes{'is' if len(results.hypotheses) == 1 else 'es'}"
        return (
            f"The protocol declared {family}, tested by {TESTS[plan.main_test]} at alpha = {plan.alpha:g} after Holm's "
            f"correction.{target}"
        )
    return "No hypothesis was declared before the data were collected, so that all results are exploratory."


def _provenance(results: Results) -> str:
    weights = sorted({str(value)[:12] for value in results.selection.analysed["weights_sha256"].unique()})
    model = results.model
    fitted = (
        "" if isinstance(model, Absent) else f" The mixed model was fitted to {model.answers:,} answers by gpboost."
    )
    hashes = f"Weights of the network: SHA-256 {', '.join(weights)}; protocol: SHA-256 {results.protocol_sha256[:12]}."
    return f"{hashes}{fitted}"

"""What is said of a hypothesis beside its numbers: verdict, standing, family, and what a reader must know with them."""

from collections.abc import Iterator

from analysis.absence import Absent
from analysis.hypotheses import HypothesisResult
from analysis.mixed_model import ConditionEstimate, Contrast
from analysis.model_words import singular_fit
from analysis.results import Results

OTHER_WAY = "the effect goes the other way"
UNDECLARED = "no verdict"


def standing(results: Results) -> str:
    """Whether tests of the hypotheses confirm or explore, or are of a dry run and do neither."""
    return "confirmatory" if results.confirmatory else exploring(results)


def exploring(results: Results) -> str:
    """What everything is that no hypothesis is about."""
    return "dry run" if results.dry_run else "exploratory"


def verdict(result: HypothesisResult, results: Results) -> str:
    """The verdict in words; none where the hypothesis was not declared for these data."""
    if result.verdict == "not tested":
        return "not tested"
    against = f"; {OTHER_WAY}" if other_way(result, results) else ""
    return f"{result.verdict if results.confirmatory else UNDECLARED}{against}"


def other_way(result: HypothesisResult, results: Results) -> bool:
    """Whether the two-sided test finds an effect, but opposite to the claim."""
    significant = result.p_holm is not None and result.p_holm <= results.plan.alpha
    return significant and result.verdict == "not supported"


def stopped(results: Results) -> str:
    """The stopping rule beside a verdict, where it was not kept: ``12 of 24 planned participants``; empty elsewhere."""
    planned, found = results.plan.participants, results.selection.analysed["participant"].nunique()
    if planned is None or planned == found or not results.confirmatory:
        return ""
    return f"{found} of {planned} planned participants"


def correction(results: Results) -> str:
    """The family over which the hypotheses' p values are corrected, as it continues a p."""
    family = len(results.hypotheses)
    return f"after Holm's correction over the {family} hypotheses" if family > 1 else "of the only hypothesis"


def tested_n(result: HypothesisResult) -> int | None:
    """On how many participants a test rests; None without a test."""
    return None if result.basis is None else result.basis.participants


def tested_in_model(result: HypothesisResult) -> bool:
    """Whether the test of a hypothesis is one of the mixed model."""
    return isinstance(result.test, Contrast | ConditionEstimate)


def caveats(result: HypothesisResult, results: Results) -> Iterator[str]:
    """Sentences without which numbers and verdict would mislead."""
    model, test, effect = results.model, result.test, result.effect
    if not isinstance(test, Contrast | ConditionEstimate) or isinstance(model, Absent):
        return
    yield from singular_fit(model)
    if isinstance(effect, Absent):
        return
    if effect.n != tested_n(result) and _some_have_several(results):
        yield (
            f"The test rests on the {tested_n(result)} participants of the mixed model, the difference in points on "
            f"{effect.n}."
        )
    if isinstance(test.log_odds, float) and effect.difference * test.log_odds < 0:
        yield "The difference in points and the odds point in opposite directions."


def _some_have_several(results: Results) -> bool:
    """Whether somebody has several conditions. Of groups the model rests on all, and each difference on its own."""
    return bool(results.main.scores.groupby(level="participant").size().max() > 1)

"""The headline: each p with its family and standing, and no test twice."""

import re
from dataclasses import replace

from analysis.apa import sentences
from analysis.headline import headline
from analysis.methods import methods_paragraph
from tests.analysis.conftest import PLAN


def by_t(text=PLAN):
    return f'[analysis]\nmain_test = "t"\nparticipant_test = "t"\n{text}'


def test_a_test_that_a_hypothesis_had_stands_there_once_with_one_correction(study):
    more, above, *rest = headline(study(by_t()))
    assert re.search(r"\(p .+ after Holm's correction over the 2 hypotheses, confirmatory; t-test\)", more)
    assert re.search(r"\(p .+ after Holm's correction over the 2 hypotheses, confirmatory; t-test\)", above)
    accentuation, exemplars, difference = rest
    assert "; against chance p < .0001, exploratory and not corrected; n = 16)." in accentuation
    assert "; against chance: its hypothesis stands above; n = 16)." in exemplars
    assert "; its hypothesis stands above; n = 16)." in difference
    assert " p " not in exemplars + difference


def test_every_p_says_whether_it_confirms_and_how_it_is_corrected(study):
    for sentence in headline(study()):
        if " p " in sentence:
            assert re.search(
                r"after Holm's correction over the \d hypotheses, confirmatory;|exploratory and not corrected;",
                sentence,
            )


def test_a_departure_from_the_plan_is_said(study, plan):
    told = headline(study(f"[analysis]\nparticipants = 20\n{plan}"))
    assert "What was run differs from the plan. Analysed participants, the stopping rule: planned 20, found 16." in told
    assert not any("differs from the plan" in one for one in headline(study(f"[analysis]\nparticipants = 16\n{plan}")))


def test_a_significant_effect_opposite_to_the_claim_is_said(study):
    swapped = PLAN.replace(
        'first = "accentuation"\nsecond = "exemplars"', 'first = "exemplars"\nsecond = "accentuation"'
    )
    results = study(swapped)
    assert results.hypotheses[0].verdict == "not supported"
    assert results.hypotheses[0].p_holm < 0.05
    assert headline(results)[0].startswith("More: not supported; the effect goes the other way (p")


def test_a_singular_fit_is_said_where_a_hypothesis_was_tested_in_it(study):
    told = "Singular fit of the mixed model: its random effect of participant had no spread, or next to none."

    def alike(results):
        return replace(results, model=replace(results.model, singular=("participant",)))

    assert told in headline(alike(study()))
    assert told not in headline(alike(study(by_t())))
    assert told in sentences(alike(study()))[1]
    assert told in methods_paragraph(alike(study()))

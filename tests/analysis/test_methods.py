"""The methods paragraph and the sentences: tests by their names, the margin, the design, and what was not kept."""

import pytest

from analysis.apa import sentences
from analysis.methods import methods_paragraph
from analysis.model_words import reach
from analysis.reading import parse_export
from analysis.results import analyse
from analysis.simulation import Assumptions, synthetic_export
from analysis.verdicts import caveats
from tests.analysis.conftest import ACCURACY, EQUIVALENT


def test_an_equivalence_sentence_names_its_margin_and_the_interval_of_its_test(study):
    results = study(EQUIVALENT)
    test = results.hypotheses[0].test
    told = sentences(results)[1]
    assert "differed" not in told
    low, high = (f"{100 * end:+.1f}" for end in (test.low, test.high))
    assert f"90% CI [{low}, {high}] (not corrected) against a margin of 25 points to either side, t(15) = " in told
    assert "95% CI" not in told


def test_methods_name_every_test_that_was_made(study, plan):
    told = methods_paragraph(study(plan + EQUIVALENT))
    assert "declared 3 hypotheses" in told
    assert "1 by a likelihood-ratio test in a logistic mixed model with crossed random intercepts" in told
    assert "1 by a Wald test of the condition's log-odds in the mixed model" in told
    assert "1 by two one-sided t-tests of participants' differences within a margin of 25 percentage points" in told


def test_methods_tell_design_rules_catch_trials_and_bounds(study, plan):
    def caught(export):
        is_catch = export.groupby("participant").cumcount() == 3
        return export.assign(catch=is_catch)

    limits = "[analysis]\nmin_rt_ms = 300\nmax_rt_ms = 20000\n"
    told = methods_paragraph(study(f"{limits}{plan}[analysis.exclusions]\nmin_total_s = 1\n", change=caught))
    assert "Conditions varied within participants: accentuation, exemplars." in told
    assert "Catch trials, which show again what was shown as evidence, were answered 16 times" in told
    assert "right answers from 300 to 20000 ms" in told
    assert "0 who did not answer all main trials" in told
    assert "0 who answered everything in less than 1 s" in told


def test_methods_of_a_study_between_participants_say_so(study, between_file, plan):
    assert "Conditions varied between participants:" in methods_paragraph(study(file=between_file(plan)))


@pytest.mark.parametrize(
    ("planned", "told"),
    [
        (16, "was to stop at 16 analysed participants, and did."),
        (20, "was to stop at 20 analysed participants, which was not kept: 16 were analysed."),
    ],
)
def test_methods_say_whether_the_stopping_rule_was_kept(study, plan, planned, told):
    assert told in methods_paragraph(study(f"[analysis]\nparticipants = {planned}\n{plan}"))


def test_one_participant_is_one(rows_of, csv_text):
    told = methods_paragraph(analyse(parse_export(csv_text(rows_of({"a": {"x": (3, 4)}}))), seed=1))
    assert "Of 1 participant who answered at least one trial, 1 was analysed." in told


def test_contrasts_are_said_to_speak_only_about_those_among_whom_the_model_lets_effects_differ(study):
    results = study()
    told = reach(results)
    varying = [getattr(results.model, f"{unit}_condition_sd", None) is not None for unit in ("participant", "feature")]
    alike = "do not speak about further participants or further features" in told
    assert alike is not all(varying)


def test_a_test_and_a_difference_on_different_people_say_so_at_the_verdict(protocol_file, plan):
    file = protocol_file(plan)
    export = parse_export(synthetic_export(file, Assumptions(ACCURACY), participants=16, seed=3))
    # Half of the participants have one condition alone.
    half = export["participant"].isin(sorted(export["participant"].unique())[:8])
    results = analyse(export.assign(condition=export["condition"].where(~half, "accentuation")), seed=1, protocol=file)
    more = results.hypotheses[0]
    assert more.effect.n == 8
    told = "The test rests on the 16 participants of the mixed model, the difference in points on 8."
    assert told in caveats(more, results)
    assert (
        "(likelihood-ratio test of the mixed model; n = 16, and 8 of the difference in points)" in sentences(results)[1]
    )


def test_groups_of_participants_rest_on_all_of_them(study, between_file, plan):
    results = study(file=between_file(plan))
    assert not any("rests on" in sentence for row in results.hypotheses for sentence in caveats(row, results))

"""The report with a protocol beside the export: plan and data, hypotheses, robustness, files for machines."""

import csv
import io
import json
import re
from xml.etree import ElementTree

import pytest

from analysis.__main__ import main
from analysis.apa import sentences
from analysis.headline import headline
from analysis.machine import results_json
from analysis.methods import methods_paragraph
from analysis.mixed_model import Contrast
from analysis.number_lines import results_csv
from analysis.reading import ExportError, parse_export
from analysis.report import render_report
from analysis.results import analyse
from analysis.simulation import Assumptions, synthetic_export
from analysis.wording import odds_ratio, p_value
from stimuli.protocol import read_protocol
from tests.analysis.conftest import ACCURACY, EQUIVALENT, PLAN, answered_by_people
from tests.analysis.test_report import Page

RULES = "[analysis.exclusions]\nmin_side_choices = 2\n"


def page_of(results):
    return Page(render_report(results, export_sha256="ef" * 32))


def words_of(page):
    return re.sub(r"\s+", " ", " ".join(page.text))


def test_the_confirmatory_part_stands_apart_and_says_verdict_test_and_p(study):
    results = study()
    page = page_of(results)
    first, second = page.tables["hypothesis-table"][1:]
    assert first[0].startswith("More accentuation above exemplars")
    assert first[1] == "supported"
    assert first[2] == "16"
    assert "likelihood-ratio test of the mixed model" in first[5]
    assert "Wald test of the mixed model" in second[5]
    assert "Confirmatory: the hypotheses" in words_of(page)
    assert headline(results)[0].startswith("More: supported (p")


def test_a_run_as_planned_says_so(study, plan):
    page = page_of(study(f"[analysis]\nparticipants = 16\n{plan}"))
    assert [row[3] for row in page.tables["plan-table"][1:]] == ["yes"] * 11
    assert "What was run is what was planned, in the points above." in words_of(page)


def test_a_run_that_stopped_early_says_so(study, plan):
    page = page_of(study(f"[analysis]\nparticipants = 20\n{plan}"))
    assert page.tables["plan-table"][-1] == ["Analysed participants, the stopping rule", "20", "16", "no"]
    assert "What was run differs from the plan where the table says no." in words_of(page)


def test_hypotheses_written_after_the_data_are_not_confirmatory(study):
    results = study(change=lambda export: export.assign(protocol_sha256="0" * 64))
    page = page_of(results)
    assert not results.confirmatory
    assert "Confirmatory" not in words_of(page)
    assert "The data were collected under another protocol than this one." in words_of(page)
    assert headline(results)[0].startswith("More (exploratory): ")


def test_without_a_protocol_everything_is_exploratory(rows_of, csv_text, borowski):
    page = page_of(analyse(parse_export(csv_text(rows_of(borowski))), seed=1))
    assert "everything below is exploratory" in words_of(page)
    assert "Confirmatory" not in words_of(page)
    assert "hypothesis-table" not in page.tables


def one_sided(export):
    """The first participant chooses the left always."""
    theirs = export["participant"] == "person-00001"
    left = export["strong_side"].eq("left")
    return export.assign(choice=export["choice"].where(~theirs, "left"), correct=export["correct"].where(~theirs, left))


def test_the_robustness_table_shows_the_effects_without_each_rule(study, plan):
    results = study(plan + RULES, change=one_sided)
    (row,) = results.robustness
    assert (row.rule, row.participants) == ("min_side_choices", 16)
    assert results.hypotheses[0].effect.n == 15
    assert row.effects[0].n == 16
    page = page_of(results)
    assert [line[0] for line in page.tables["rule-table"][1:]] == [
        "did not answer all main trials",
        "did not keep the place in the design",
        "chose one side fewer than 2 times",
    ]
    assert page.tables["robustness-table"][1][:3] == [
        "chose one side fewer than 2 times",
        "16",
        "More",
    ]
    again = row.hypotheses[0]
    assert isinstance(again.test, Contrast)
    assert "likelihood-ratio test of the mixed model, n = 16" in page.tables["robustness-table"][1][4]
    assert page.tables["robustness-table"][1][5].startswith(p_value(again.p_holm))
    assert again.p != results.hypotheses[0].p


def test_rules_that_leave_nobody_are_said(study, plan):
    with pytest.raises(ExportError, match=r"the rules exclude all 16 participants \(0 did not answer all main trials;"):
        study(plan + "[analysis.exclusions]\nmin_total_s = 1e6\n")


def test_sentences_for_a_paper_name_effect_interval_test_and_n(study):
    results = study()
    accuracies, more, above = sentences(results)
    percent = r"\d+\.\d%"
    told = "Participants chose the strongly activating image on average in"
    assert re.match(rf"{told} {percent} of their trials with accent", accuracies)
    assert re.search(rf"\(SD = {percent}, 95% CI \[{percent}, {percent}\], n = 16\)", accuracies)
    assert re.search(
        r"accentuation minus exemplars was \+\d+\.\d percentage points, "
        r"95% CI \[.+\], OR = .+, 95% CI \[.+\], χ²\(1\) = ",
        more,
    )
    # The made-up answers vary no more than binomial ones: the model of them is singular, and the sentence says so.
    assert re.search(
        r"\(likelihood-ratio test of the mixed model; n = 16\)\. Singular fit of the mixed model: its random effects "
        r"of [a-z, ]+ had no spread, or next to none\. The hypothesis was supported\.$",
        more,
    )
    assert "z = " in above


def test_the_methods_paragraph_says_what_was_shown_to_whom(study, plan):
    told = methods_paragraph(study(plan + RULES, change=one_sided))
    for said in (
        "9 reference images",
        "efficientnet_lite0",
        "The 16 features were of 2 layers (blocks.4.0, blocks.5.0)",
        "Of 16 participants who answered at least one trial, 15 were analysed",
        "1 who chose one side fewer than 2 times",
        "declared 2 hypotheses and the rules before the data",
        "tested at alpha = 0.05 after Holm's correction: 1 by a likelihood-ratio test in a logistic mixed model",
    ):
        assert said in told


def test_a_participant_with_two_conditions_in_a_study_between_is_refused(between_file, plan):
    file = between_file(plan)
    export = parse_export(synthetic_export(file, Assumptions(ACCURACY), participants=6, seed=3))
    assert analyse(export, seed=1, protocol=file).hypotheses[0].basis.participants == 6
    place = export.index[export["participant"] == "synthetic-00002"][0]
    export.loc[place, "condition"] = "accentuation" if export.loc[place, "condition"] == "exemplars" else "exemplars"
    with pytest.raises(ExportError, match="participant synthetic-00002 has answers with accentuation and exemplars"):
        analyse(export, seed=1, protocol=file)


def test_a_study_between_participants_has_effect_sizes_and_evidence(between_file, plan):
    file = between_file(plan)
    export = parse_export(synthetic_export(file, Assumptions(ACCURACY), participants=20, seed=3))
    (pair,) = analyse(export, seed=1, protocol=file).details.effects
    assert (pair.design, pair.n) == ("between", 20)
    assert pair.h.value > 0 < pair.d.value
    assert pair.bayes.bf10 > 1
    assert (pair.units.participants.n, pair.units.features.n) == (20, 16)
    assert pair.dz.why.startswith("No dz: nobody has both conditions")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("right", [("accentuation",), ("exemplars",), ("accentuation", "exemplars")])
def test_groups_in_which_all_answers_are_right_are_analysed_without_a_warning(between_file, plan, right):
    file = between_file(plan)
    export = parse_export(synthetic_export(file, Assumptions(ACCURACY), participants=20, seed=3))
    export.loc[export["condition"].isin(right), "correct"] = True
    (pair,) = analyse(export, seed=1, protocol=file).details.effects
    if len(right) == 2:
        assert pair.d.why.startswith("No standardised effect: within each condition all participants")
    else:
        assert (pair.d.value > 0) == (right == ("accentuation",))
        assert pair.d.interval.low < pair.d.value < pair.d.interval.high
        assert pair.bayes.bf10 > 3


def test_several_figures_share_no_ids(study):
    page = page_of(study())
    assert len(page.ids) == len(set(page.ids))
    assert set(page.referred) <= set(page.ids)
    links = [named["xlink:href"] for _, named in page.attributes if "xlink:href" in named]
    assert {link.removeprefix("#") for link in links} <= set(page.ids)
    assert page.tags.count("svg") == 5


@pytest.fixture
def written(protocol_file, plan, tmp_path, capsys):
    file = protocol_file(plan + RULES)
    export = tmp_path / "export.csv"
    export.write_text(answered_by_people(synthetic_export(file, Assumptions(ACCURACY), participants=16, seed=3)))
    folder = tmp_path / "numbers"
    protocol = str(tmp_path / "protocol.toml")
    arguments = [str(export), "--out", str(tmp_path / "r.html"), "--protocol", protocol, "--files", str(folder)]
    assert main(arguments) == 0
    assert "More: supported" in capsys.readouterr().out
    return folder


def test_a_long_fit_is_announced_before_it_begins_and_the_plan_is_kept(
    protocol_file, plan, tmp_path, capsys, monkeypatch
):
    file, export = protocol_file(plan), tmp_path / "export.csv"
    export.write_text(synthetic_export(file, Assumptions(ACCURACY), participants=8, seed=3))
    command = [str(export), "--out", str(tmp_path / "r.html"), "--protocol", str(tmp_path / "protocol.toml")]
    assert main(command) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("analysis.results.MOST_RANDOM_EFFECTS", 10)
    assert main([*command, "--files", str(tmp_path / "n")]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("The planned mixed model has 72 random effects")
    assert 'random_effects = "intercepts"' in line
    assert json.loads((tmp_path / "n" / "results.json").read_text())["model"]["random_effects"] == "slopes"


def test_the_command_writes_figures_and_numbers_as_files(written):
    names = [
        "accuracy.svg",
        "calibration.svg",
        "features.csv",
        "features.svg",
        "flow.svg",
        "results.csv",
        "results.json",
        "session.svg",
    ]
    assert sorted(path.name for path in written.iterdir()) == names
    for path in written.glob("*.svg"):
        assert ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_the_numbers_for_machines_are_those_of_the_report(written):
    numbers = json.loads((written / "results.json").read_text())
    lines = list(csv.DictReader((written / "results.csv").open()))
    first = numbers["main"]["accuracies"][0]
    (line,) = (row for row in lines if row["row"] == "accentuation" and row["measure"] == "mean over participants")
    assert float(line["value"]) == first["mean"]
    assert (float(line["low"]), float(line["high"])) == (first["interval"]["low"], first["interval"]["high"])
    (hypothesis,) = (row for row in lines if row["part"] == "hypothesis" and row["row"] == "More" and row["p_holm"])
    assert float(hypothesis["p_holm"]) == numbers["hypotheses"][0]["p_holm"]
    assert numbers["hypotheses"][0]["verdict"] == hypothesis["verdict"] == "supported"
    page = Page(written.with_name("r.html").read_text())
    assert page.tables["accuracy-table"][1][3] == f"{100 * first['mean']:.1f}%"


def test_what_does_not_exist_is_said_in_the_numbers_for_machines(rows_of, csv_text, tmp_path):
    export = tmp_path / "export.csv"
    export.write_text(csv_text(rows_of({"a": {"x": (4, 4), "y": (1, 4)}})))
    assert main([str(export), "--out", str(tmp_path / "r.html"), "--files", str(tmp_path / "n")]) == 0
    numbers = json.loads((tmp_path / "n" / "results.json").read_text())
    told = "No interval: one participant does not show how much participants differ."
    assert numbers["main"]["accuracies"][0]["interval"] == {"absent": told}
    assert numbers["model"]["absent"].startswith("No mixed model")
    assert "NaN" not in (tmp_path / "n" / "results.json").read_text()


def test_a_protocol_that_is_none_is_refused_in_one_sentence(tmp_path, rows_of, csv_text, borowski, capsys):
    export, protocol = tmp_path / "export.csv", tmp_path / "p.toml"
    export.write_text(csv_text(rows_of(borowski)))
    protocol.write_text("slug = 1")
    assert main([str(export), "--out", str(tmp_path / "r.html"), "--protocol", str(protocol)]) == 1
    assert "`slug`: this must be text" in capsys.readouterr().err
    assert not (tmp_path / "r.html").exists()


def test_power_is_printed_with_its_error_and_what_is_enough(protocol_file, plan, tmp_path, capsys):
    protocol_file(plan)
    command = ["power", str(tmp_path / "protocol.toml"), "--accuracy", "accentuation=0.9", "exemplars=0.65"]
    assert main([*command, "--participants", "30", "8", "--simulations", "5", "--target", "0.5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Power of the planned tests, 5 simulations"
    assert lines[1:3] == ["More: mixed_model, slopes", "Above chance: mixed_model, slopes"]
    assert [line.split()[0] for line in lines[3:7]] == ["8", "8", "30", "30"]
    # Wilson's interval of 5 of 5: not the error of 0.0% that all studies alike would seem to have.
    assert re.search(r"30 participants: 100\.0% \(Monte-Carlo interval 56\.6% to 100\.0%\)  More$", lines[5])
    assert re.match(r"Enough for a power of 50\.0% of every hypothesis: (8|30) participants\.$", lines[7])


def test_what_is_enough_says_so_where_the_simulations_may_have_been_lucky(protocol_file, plan, tmp_path, capsys):
    protocol_file('[analysis]\nmain_test = "t"\n' + plan)
    command = ["power", str(tmp_path / "protocol.toml"), "--accuracy", "accentuation=0.97", "exemplars=0.7"]
    assert main([*command, "--participants", "30", "--simulations", "5"]) == 0
    first, second = capsys.readouterr().out.splitlines()[-2:]
    assert first == "Enough for a power of 80.0% of every hypothesis: 30 participants."
    told = "By the lower ends of the Monte-Carlo intervals: more participants than were tried; more --simulations"
    assert second == f"{told} tell more."


@pytest.mark.parametrize(
    ("text", "accuracies", "told"),
    [
        ("", ["accentuation=0.9", "exemplars=0.7"], "declares no hypotheses"),
        (PLAN, ["accentuation=0.9"], "The protocol's conditions are accentuation, exemplars"),
        (PLAN, ["accentuation=0.9999", "exemplars=0.7"], "cannot be reached with a lapse rate of 0.02"),
    ],
)
def test_power_prints_nothing_before_it_is_refused(protocol_file, tmp_path, capsys, text, accuracies, told):
    protocol_file(text)
    assert main(["power", str(tmp_path / "protocol.toml"), "--accuracy", *accuracies]) == 1
    found = capsys.readouterr()
    assert found.out == ""
    assert told in found.err


def test_power_is_written_as_one_table_that_names_the_test_of_each_hypothesis(protocol_file, plan, tmp_path, capsys):
    protocol_file('[analysis]\nmain_test = "t"\n' + plan + EQUIVALENT)
    command = ["power", str(tmp_path / "protocol.toml"), "--accuracy", "accentuation=0.9", "exemplars=0.65"]
    out = tmp_path / "power.csv"
    assert main([*command, "--participants", "30", "8", "--simulations", "5", "--out", str(out)]) == 0
    table = list(csv.DictReader(out.open()))
    assert [(row["hypothesis"], row["test"], row["participants"]) for row in table] == [
        (name, test, count)
        for name, test in (("More", "t"), ("Above chance", "t"), ("Alike", "two one-sided t-tests, margin 0.25"))
        for count in ("8", "30")
    ]
    assert {row["simulations"] for row in table} == {"5"}
    assert "Alike: two one-sided t-tests, margin 0.25" in capsys.readouterr().out.splitlines()
    with pytest.raises(SystemExit, match="2"):
        main([*command, "--out", str(tmp_path / "no" / "p.csv")])
    assert "cannot be written: there is no folder" in capsys.readouterr().err


def test_power_names_the_permutation_test_where_conditions_are_between_participants(
    between_file, plan, tmp_path, capsys
):
    between_file('[analysis]\nmain_test = "t"\n' + plan)
    command = ["power", str(tmp_path / "protocol.toml"), "--accuracy", "accentuation=0.9", "exemplars=0.65"]
    assert main([*command, "--participants", "8", "--simulations", "2"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert "More: permutation of the participants' conditions" in told
    assert "Above chance: t" in told


def test_a_dry_run_goes_from_protocol_to_report(protocol_file, plan, tmp_path, capsys):
    protocol_file(plan)
    protocol, export = str(tmp_path / "protocol.toml"), str(tmp_path / "dry.csv")
    command = ["simulate", protocol, "--accuracy", "accentuation=0.8", "exemplars=0.6"]
    assert main([*command, "--participants", "8", "--out", export]) == 0
    assert capsys.readouterr().out == f"Synthetic export of 8 participants: {export}\n"
    assert main([export, "--out", str(tmp_path / "r.html"), "--protocol", protocol]) == 0


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["accentuation=0.8"], 1, "The protocol's conditions are accentuation, exemplars"),
        (["accentuation=0.8", "exemplars"], 2, "'exemplars' is not of the form accentuation=0.75"),
        (["accentuation=0.8", "exemplars=1.5"], 2, "'1.5' is not a share from 0 to below 1"),
        (["accentuation=0.8", "exemplars=0.6", "--participants", "1"], 2, "'1' is not a whole number from 2"),
        (["accentuation=0.8", "exemplars=0.6", "--feature-sd", "-1"], 2, "argument --feature-sd"),
        (["accentuation=0.8", "exemplars=0.6", "--seed", "-1"], 2, "'-1' is not a whole number from 0"),
        (["accentuation=0.8", "accentuation=0.6"], 2, "--accuracy is given twice for accentuation"),
        (["accentuation=0.8", "--accuracy", "accentuation=0.6"], 2, "--accuracy is given twice for accentuation"),
    ],
)
def test_wrong_assumptions_are_said(protocol_file, plan, tmp_path, capsys, arguments, status, told):
    protocol_file(plan)
    given = ["simulate", str(tmp_path / "protocol.toml"), "--out", str(tmp_path / "x.csv"), "--accuracy", *arguments]
    try:
        found = main(given)
    except SystemExit as left:
        found = left.code
    assert found == status
    assert told in capsys.readouterr().err
    assert not (tmp_path / "x.csv").exists()


def test_large_studies_have_a_cloud_and_no_points(rows_of, csv_text):
    counts = {f"p{number:04}": {"x": (number % 9, 8 + number % 2)} for number in range(450)}
    counts = {name: {"x": (min(correct, of), of)} for name, row in counts.items() for correct, of in [row["x"]]}
    results = analyse(parse_export(csv_text(rows_of(counts))), seed=1)
    source = render_report(results, export_sha256="ef" * 32)
    figure = source[source.index('id="accuracy-title"') : source.index('id="chance"')]
    assert figure.count("<use") < 60


def test_rules_on_catch_trials_instructions_and_practice_are_counted_and_left_out_in_turn(study, plan):
    def change(export):
        export = export.copy()
        place = export.groupby("participant").cumcount()
        first, second, third = sorted(export["participant"].unique())[:3]
        is_catch = place == 3
        export["catch"] = is_catch
        export.loc[is_catch, "strong_side"] = export.loc[is_catch, "choice"]
        export.loc[is_catch, "correct"] = export.loc[is_catch, "participant"] != first
        export.loc[export["participant"] == second, "instructions_s"] = 3.0
        export.loc[export["participant"] == third, "rounds"] = 4
        return export

    rules = "[analysis.exclusions]\nmin_catch_accuracy = 0.5\nmin_instructions_s = 15\nmax_practice_rounds = 3\n"
    results = study(f"{rules}{plan}", change=change)
    told = [
        "answered less than 50% of the catch trials rightly",
        "left the instructions within 15 s",
        "took more than 3 rounds of practice",
    ]
    page = page_of(results)
    assert [row for row in page.tables["rule-table"][1:] if row[0] in told] == [
        [sentence, "1", "1"] for sentence in told
    ]
    rows = page.tables["robustness-table"][1:]
    assert [(row[0], row[1]) for row in rows[::2]] == [(sentence, "14") for sentence in told]
    assert results.selection.catch == 16
    for sentence in told:
        assert f"1 who {sentence}" in methods_paragraph(results)


def test_the_mixed_model_contrasts_all_conditions_whatever_the_plan(protocol_file, plan, tmp_path):
    protocol_file(plan)
    path = tmp_path / "protocol.toml"
    path.write_text(path.read_text().replace('"accentuation"]', '"accentuation", "visualization"]'))
    file = read_protocol(path)
    accuracy = {**ACCURACY, "visualization": 0.7}
    results = analyse(
        parse_export(synthetic_export(file, Assumptions(accuracy), participants=12, seed=3)), seed=1, protocol=file
    )
    assert {(row.first, row.second) for row in results.model.contrasts} == {
        ("accentuation", "exemplars"),
        ("accentuation", "visualization"),
        ("exemplars", "visualization"),
    }
    assert len(page_of(results).tables["contrast-table"]) == 4


def test_large_studies_repeat_participants_tests_and_say_why(study, plan, monkeypatch):
    monkeypatch.setattr("analysis.results.MOST_TO_REFIT", 100)
    results = study(plan + RULES, change=one_sided)
    (row,) = results.robustness
    assert [again.test.name for again in row.hypotheses] == ["exact sign-flip test"] * 2
    assert "takes long with more than 100 answers and is not fitted anew for each rule." in words_of(page_of(results))


def test_the_table_of_hypotheses_shows_odds_against_chance_too(study):
    results = study()
    odds = page_of(results).tables["hypothesis-table"][2][4]
    assert odds.startswith(odds_ratio(results.hypotheses[1].test.log_odds))


def test_a_missed_stopping_rule_stands_beside_the_verdict_wherever_it_is_written(study, plan):
    results = study(f"[analysis]\nparticipants = 24\n{plan}")
    told = "16 of 24 planned participants"
    assert sentences(results)[1].endswith(f"The hypothesis was supported ({told}).")
    assert f"; {told})." in headline(results)[0]
    assert page_of(results).tables["hypothesis-table"][1][1] == f"supported {told}"
    judged = [row for row in csv.DictReader(io.StringIO(results_csv(results))) if row["verdict"]]
    assert {row["stopping_rule_missed"] for row in judged} == {told}
    numbers = json.loads(results_json(results, export_sha256="ef" * 32))
    assert {row["stopping_rule_missed"] for row in numbers["hypotheses"]} == {told}
    kept = study(f"[analysis]\nparticipants = 16\n{plan}")
    assert "planned participants" not in results_csv(kept) + " ".join((*sentences(kept), *headline(kept)))


def test_the_counts_say_which_rule_excluded_a_participant(study, plan):
    page = page_of(study(plan + RULES, change=one_sided))
    names = [row[0] for row in page.tables["counts-table"][1:]]
    assert names[:2] == ["person-00001 (excluded: chose one side fewer than 2 times)", "person-00002"]


def test_a_rule_that_could_judge_nobody_does_not_look_like_one_that_all_kept(study, plan):
    rules = "[analysis.exclusions]\nmin_instructions_s = 30\nmin_catch_accuracy = 0.5\n"
    results = study(f"{plan}{rules}", change=lambda export: export.assign(instructions_s=float("nan")))
    page = page_of(results)
    assert page.tables["rule-table"][0][-1] == "Could not be judged"
    assert [row[1:] for row in page.tables["rule-table"][1:]] == [
        ["0", "0", "0"], ["0", "0", "0"], ["0", "0", "16"], ["0", "0", "16"]
    ]  # fmt: skip
    told = "0 who left the instructions within 30 s (16 could not be judged)"
    assert told in methods_paragraph(results)
    flow = " ".join(page.text)
    assert "left the instructions within 30 s: 0 (16" in re.sub(r"\s+", " ", flow)


def test_the_larger_p_of_two_units_is_not_said_to_speak_about_both(study):
    text = words_of(page_of(study()))
    assert "more cautious than either, and still too ready where an effect varies over both" in text
    assert "features speaks about both" not in text


def test_the_headline_says_on_whom_a_test_against_chance_and_its_difference_rest(protocol_file, plan):
    file = protocol_file(plan)
    text = answered_by_people(synthetic_export(file, Assumptions(ACCURACY), participants=16, seed=3))
    export = parse_export(text)
    # Half of the participants have no exemplars.
    half = export["participant"].isin(sorted(export["participant"].unique())[:8])
    results = analyse(export.assign(condition=export["condition"].where(~half, "accentuation")), seed=1, protocol=file)
    told = "The test rests on the 16 participants of the mixed model, the difference in points on 8."
    above = next(sentence for sentence in headline(results) if sentence.startswith("Above chance"))
    assert told in above

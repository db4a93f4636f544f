"""The report and its command: what stands in the page, and that bad input leaves nothing behind."""

import csv
import hashlib
import io
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from analysis import wording
from analysis.__main__ import main
from analysis.accuracy import condition_accuracies, participant_scores
from analysis.figures.raincloud import accuracy_figure, spread_ties
from analysis.headline import headline
from analysis.number_lines import results_csv
from analysis.reading import ExportError, parse_export
from analysis.report import render_report
from analysis.results import analyse

ROOT = Path(__file__).resolve().parents[2]
SVG = "{http://www.w3.org/2000/svg}"


class Page(HTMLParser):
    """Enough of a reader for the tests: tags that must be closed, ids, references, rows of tables, and all text."""

    VOID = {"meta", "br"}

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open, self.ids, self.referred, self.text = [], [], [], []
        self.attributes, self.tables, self.tags = [], {}, []
        self.feed(page)
        assert self.open == [], "every element must be closed"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        named = dict(attrs)
        self.attributes.append((tag, named))
        if "id" in named:
            self.ids.append(named["id"])
        for name in ("aria-labelledby", "aria-describedby"):
            self.referred += named.get(name, "").split()
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "table":
            self.table = self.tables.setdefault(named["id"], [])
        if tag == "tr":
            self.table.append([])
        if tag in ("td", "th"):
            self.table[-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)
        if {"td", "th"} & set(self.open[-3:]):
            self.table[-1][-1] += data


def render(rows, csv_text, seed=1):
    return render_report(analyse(parse_export(csv_text(rows)), seed=seed), export_sha256="ef" * 32)


@pytest.fixture
def export(tmp_path, rows_of, csv_text, borowski):
    path = tmp_path / "export.csv"
    path.write_text(csv_text(rows_of(borowski)), encoding="utf-8")
    return path


def test_it_says_what_can_be_counted_by_hand(rows_of, csv_text, borowski):
    page = Page(render(rows_of(borowski), csv_text))
    accuracy = page.tables["accuracy-table"]
    assert accuracy[1][:4] == ["natural", "10", "415 / 450", "92.2%"]
    assert accuracy[3][:4] == ["synthetic", "10", "369 / 450", "82.0%"]
    assert page.tables["chance-table"][2] == ["none", "10", "-6.9", ".057"]
    comparison = page.tables["comparison-table"][2]
    assert comparison[:3] == ["natural minus synthetic", "10", "+10.2"]
    assert comparison[4:] == [".0039", ".0059"]
    assert page.tables["counts-table"][1] == ["p01", "44 / 45", "24 / 45", "36 / 45"]
    text = " ".join(page.text)
    for said in ("ab" * 32, "ef" * 32, "1,350 main responses", "use seed 1", "scipy", "Student", "BCa bootstrap"):
        assert said in text


def test_it_counts_practice_and_names_incomplete_participants(row, rows_of, csv_text):
    counts = {name: {"x": (3, 4), "y": (2, 4)} for name in "abc"} | {"early": {"x": (1, 3)}}
    rows = rows_of(counts, main_trials=8)
    rows += [row(name, 90, "x", True, phase="practice", main_trials="8") for name in ("a", "never")]
    page = Page(render(rows, csv_text))
    text = re.sub(r"\s+", " ", " ".join(page.text))
    assert "early (3 of 8), never (0 of 8)." in text
    assert "Participants with at least one answer 5, of whom 3 complete;" in text
    assert "Practice, left out 2 Of excluded participants, left out 3 Analysed 24 main responses" in text
    assert page.tables["accuracy-table"][1][:4] == ["x", "3", "9 / 12", "75.0%"]
    # (3/4 + 3/4 + 3/4 + 1/3) / 4, all of them counted once.
    assert page.tables["everyone-accuracy-table"][1][:4] == ["x", "4", "10 / 15", "64.6%"]
    assert page.tables["counts-table"][4] == ["early (incomplete)", "1 / 3", wording.DASH]


def test_catch_trials_count_in_no_number_but_their_own(row, rows_of, csv_text):
    rows = rows_of({name: {"x": (3, 4), "y": (2, 4)} for name in "abc"}, main_trials=10)
    with_catch = rows + [
        row(name, trial, "x", False, catch="true", main_trials="10", confidence="3", rt_ms="9e5")
        for name in "abc"
        for trial in (20, 21)
    ]
    plain = Page(render(rows_of({name: {"x": (3, 4), "y": (2, 4)} for name in "abc"}), csv_text))
    caught = Page(render(with_catch, csv_text))
    assert caught.tables == plain.tables
    text = re.sub(r"\s+", " ", " ".join(caught.text))
    assert "Practice, left out 0 Catch trials, left out 6 Of excluded participants, left out 0 Analysed 24" in text


def test_several_tasks_are_reported_one_by_one_and_every_other_table_says_that_they_are_together(
    row, rows_of, csv_text
):
    rows = rows_of({name: {"x": (3, 4), "y": (2, 4)} for name in "abc"})
    for one in rows[::2]:
        one["task"] = "transfer"
    results = analyse(parse_export(csv_text(rows)), seed=1)
    assert headline(results)[0].startswith("The answers are of 2 tasks (held_out, transfer).")
    html = render_report(results, export_sha256="ef" * 32)
    page = Page(html)
    assert [(line[0], line[1]) for line in page.tables["task-table"][1:]] == [
        ("held_out", "x"), ("held_out", "y"), ("transfer", "x"), ("transfer", "y")
    ]  # fmt: skip
    captions = re.findall(r'<caption id="([\w-]+)-caption"><span>(.*?)</span></caption>', html)
    assert len(captions) == html.count("<caption")
    apart = {name for name, caption in captions if "All tasks together." not in caption}
    assert apart == {"task-table", "plan-table", "rule-table"} & {name for name, _ in captions}
    text = re.sub(r"\s+", " ", " ".join(page.text))
    assert "which of two unseen images" in text
    assert "which of two changes of a new image" in text
    assert "Participants chose the right image on average in" in text


@pytest.mark.parametrize(
    ("task", "question", "did", "right"),
    [
        ("held_out", "of two unseen images does", "which of two held-out images", "the strongly activating image"),
        ("continuation", "continues a change by which", "its weak accentuation for one", "the strong accentuation"),
        ("transfer", "changes of a new image", "two accentuations of a new", "the accentuation of the feature"),
        ("toy", "which of two images is right?", "chose one of two images", "the right image"),
    ],
)
def test_every_task_has_its_words(rows_of, csv_text, task, question, did, right):
    rows = [one | {"task": task} for one in rows_of({name: {"x": (3, 4)} for name in "abc"})]
    text = re.sub(r"\s+", " ", " ".join(Page(render(rows, csv_text)).text))
    assert question in text
    assert did in text
    assert f"Participants chose {right} on average in" in text


def test_a_long_list_of_incomplete_participants_is_folded(rows_of, csv_text):
    def folded(count):
        left = {f"left{number}": {"x": (1, 3)} for number in range(count)}
        page = Page(render(rows_of({"a": {"x": (2, 4)}} | left, main_trials=4), csv_text))
        return "open" not in next(named for tag, named in page.attributes if tag == "details")

    assert not folded(10)
    assert folded(11)


def test_those_who_only_practised_make_no_second_analysis(row, rows_of, csv_text, borowski):
    rows = [*rows_of(borowski), row("never", 1, "none", True, phase="practice")]
    page = render(rows, csv_text)
    assert "never (0 of 4)." in page
    assert "None of them answered a main trial" in page
    assert "everyone-accuracy-table" not in page
    assert "#everyone" not in page


def test_without_incomplete_participants_there_is_no_second_analysis(rows_of, csv_text, borowski):
    page = render(rows_of(borowski), csv_text)
    assert "Nobody is incomplete by this rule." in page
    assert 'id="everyone' not in page


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"a": {"x": (3, 4), "y": (4, 4)}}, "No interval: one participant does not show how much participants differ."),
        ({"a": {"x": (3, 4), "y": (4, 4)}}, "No test: with one participant every sign pattern is as extreme."),
        ({"a": {"x": (3, 4)}, "b": {"x": (4, 4)}}, "No comparison: there is only one condition."),
        ({name: {"x": (4, 4), "y": (4, 4)} for name in "abc"}, "all 3 participants have the same value"),
        ({name: {"x": (2, 4), "y": (2, 4)} for name in "abc"}, "With 3 participants p cannot fall below .250"),
        ({name: {"x": (0, 4), "y": (4, 4)} for name in "abc"}, "p cannot fall below .250"),
        (
            {"a": {"x": (1, 4)}, "b": {"x": (2, 4), "y": (4, 4)}, "c": {"x": (2, 4), "y": (3, 4)}},
            "with x (50.0%) and y (87.5%) the difference was -37.5 percentage points",
        ),
        ({"a": {"x": (1, 4)}, "b": {"y": (4, 4)}}, "No test: a condition has fewer than 2 participants."),
    ],
)
def test_it_gives_a_clear_sentence_where_there_is_no_result(rows_of, csv_text, counts, said):
    page = Page(render(rows_of(counts), csv_text))
    text = " ".join(page.text)
    assert said in text
    assert "nan" not in text
    assert "None" not in text


def test_the_page_holds_everything_it_needs_and_names_what_it_refers_to(rows_of, csv_text, borowski):
    source = render(rows_of(borowski), csv_text)
    page = Page(source)
    assert source.startswith("<!doctype html>")
    assert len(page.ids) == len(set(page.ids))
    assert set(page.referred) <= set(page.ids)
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    addresses = [value for _, named in page.attributes for name, value in named.items() if name in ("href", "src")]
    addresses += [named["xlink:href"] for _, named in page.attributes if "xlink:href" in named]
    assert all(address.startswith("#") for address in addresses)
    assert not re.search(r"url\((?!#)|@import|@font-face", source)
    assert ("html", {"lang": "en"}) in page.attributes
    assert [tag for tag in page.tags if tag == "h1"] == ["h1"]
    assert page.tags.count("table") == page.tags.count("caption") > 10
    assert all("scope" in named for tag, named in page.attributes if tag == "th")


def test_the_same_export_and_seed_give_the_same_bytes(rows_of, csv_text, borowski):
    rows = rows_of(borowski)
    assert render(rows, csv_text) == render(rows, csv_text)
    assert render(rows, csv_text) != render(rows, csv_text, seed=2)


def test_names_from_the_export_are_text_and_never_markup(rows_of, csv_text):
    name = "<script>alert('$x^2$ & \"y\"')</script>"
    page = Page(render(rows_of({name: {name: (3, 4)}, "b": {name: (1, 4)}}), csv_text))
    assert "script" not in page.tags
    assert page.tables["accuracy-table"][1][0] == name
    # In the figure too, dollar signs and all.
    assert page.text.count(name) >= 3


def figure_of(counts, rows_of, csv_text):
    scores = participant_scores(parse_export(csv_text(rows_of(counts))))
    return ElementTree.fromstring(accuracy_figure(scores, condition_accuracies(scores, seed=1)))


def test_the_figure_has_a_point_for_every_participant_and_condition(rows_of, csv_text, borowski):
    figure = figure_of(borowski, rows_of, csv_text)
    points = [use for use in figure.iter(f"{SVG}use") if "0.75" in use.get("style", "")]
    assert len(points) == 30
    lines = next(group for group in figure.iter(f"{SVG}g") if group.get("id", "").startswith("LineCollection"))
    assert len(list(lines.iter(f"{SVG}path"))) == 10
    written = {"".join(text.itertext()).strip() for text in figure.iter(f"{SVG}text")}
    assert {"natural", "synthetic", "none", "chance", "50%", "100%", "correct answers"} <= written


def test_the_figure_can_be_drawn_for_one_participant_with_a_missing_condition(rows_of, csv_text):
    figure = figure_of({"a": {"x": (1, 2)}, "b": {"y": (1, 2), "z": (2, 2)}}, rows_of, csv_text)
    assert "nan" not in ElementTree.tostring(figure, encoding="unicode").lower()


def test_equal_values_stand_side_by_side():
    offsets = spread_ties(np.array([0.5, 0.7, 0.5, np.nan, 0.5]))
    assert offsets.tolist() == pytest.approx([-0.045, 0, 0, 0, 0.045])
    assert np.abs(spread_ties(np.zeros(500))).max() == pytest.approx(0.16)


@pytest.mark.parametrize(
    ("p", "written"),
    [
        (0.00001, "< .0001"),
        (0.0498, ".0498"),
        (0.0504, ".0504"),
        (0.04996, ".04996"),
        (0.05004, ".05004"),
        (0.05, ".050"),
        (0.00996, ".00996"),
        (0.010004, ".010004"),
        (0.01, ".010"),
        (0.00391, ".0039"),
        (0.0566, ".057"),
        (0.5, ".500"),
        (0.9996, "1.000"),
        (1.0, "1.000"),
    ],
)
def test_p_values_are_written_as_in_journals(p, written):
    assert wording.p_value(p) == written


@pytest.mark.parametrize(
    ("factor", "written"),
    [
        (0.00025, "2.5e-04"),
        (0.001234, "0.00123"),
        (3.456, "3.46"),
        (999.6, "1,000"),
        (53_812, "53,800"),
        (2e5, "2.0e+05"),
    ],
)
def test_bayes_factors_have_three_digits_and_powers_of_ten_only_beyond_reading(factor, written):
    assert wording.bayes(factor) == written


def test_a_difference_that_rounds_to_zero_has_no_minus():
    assert wording.points(-0.0001) == "+0.0"


def test_an_export_of_practice_alone_is_not_analysed(row, csv_text):
    export = parse_export(csv_text([row("a", 1, "none", True, phase="practice")]))
    with pytest.raises(ExportError, match="nothing to analyse yet: all 1 answers are of practice trials"):
        analyse(export, seed=1)


def test_unfinished_participants_alone_are_not_analysed(rows_of, csv_text):
    export = parse_export(csv_text(rows_of({"a": {"x": (1, 3)}, "b": {"x": (2, 2)}}, main_trials=8)))
    told = "nothing to analyse yet: none of 2 participants has answered all main trials; the furthest answered 3 of 8"
    with pytest.raises(ExportError, match=told):
        analyse(export, seed=1)


def test_the_headline_says_what_is_missing_with_one_participant(rows_of, csv_text):
    results = analyse(parse_export(csv_text(rows_of({"a": {"x": (3, 4)}}))), seed=1)
    assert headline(results) == ("x: 75.0% correct (no interval; no test against chance; n = 1).",)


def run(*arguments: object, code: str = "") -> "subprocess.CompletedProcess[str]":
    start = [sys.executable, "-c", code] if code else [sys.executable, "-m", "analysis"]
    return subprocess.run([*start, *map(str, arguments)], capture_output=True, text=True, cwd=ROOT, check=False)


def test_the_command_writes_the_report_and_prints_the_headline(export, tmp_path):
    out = tmp_path / "report.html"
    done = run(export, "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    # 415 / 450 +- 2.262 SEM of the ten counts; all ten are above 22.5 of 45, so that p is 2 / 1,024.
    assert lines[0] == (
        "natural: 92.2% correct (95% interval 90.2% to 94.2%; against chance p = .0020, exploratory and not corrected; "
        "n = 10)."
    )
    assert lines[4].startswith("natural minus synthetic: +10.2 percentage points (95% interval ")
    told = "p = .0059 after Holm's correction over the 3 comparisons of conditions, exploratory; exact sign-flip test"
    assert lines[4].endswith(f"; {told}; n = 10).")
    assert lines[-1] == f"Report: {out}"
    assert out.read_text(encoding="utf-8").endswith("</html>\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export.csv", "report.html"]


def test_the_command_needs_neither_django_nor_torch(export, tmp_path):
    blocked = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('django', 'torch'):\n"
        "            raise ImportError(name + ' must not be needed')\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "from analysis.__main__ import main\n"
        "status = main(sys.argv[1:])\n"
        "loaded = {name.split('.')[0] for name in sys.modules} & {'django', 'torch', 'psycopg2'}\n"
        "sys.exit(status or ' '.join(loaded) or 0)\n"
    )
    done = run(export, "--out", tmp_path / "report.html", code=blocked)
    assert (done.returncode, done.stderr) == (0, "")


def test_bad_input_leaves_an_older_report_alone_and_lists_the_problems(export, tmp_path, capsys):
    out = tmp_path / "report.html"
    out.write_text("older")
    export.write_text(export.read_text().replace(",2,1500.5,", ",5,-1,", 1))
    assert main([str(export), "--out", str(out)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [
        "line 2: confidence is 5, which is more than the greatest value, 3.",
        "line 2: rt_ms is -1, which is less than the least value, 0.",
    ]
    assert out.read_text() == "older"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_place_that_cannot_be_written_is_said_in_one_sentence(export, tmp_path, capsys):
    out = tmp_path / "no-such-folder" / "report.html"
    with pytest.raises(SystemExit, match="2"):
        main([str(export), "--out", str(out)])
    assert f"{out} cannot be written: there is no folder {out.parent}; make it" in capsys.readouterr().err


def test_a_folder_in_the_place_of_the_report_leaves_nothing_behind(export, tmp_path, capsys):
    out = tmp_path / "report.html"
    out.mkdir()
    with pytest.raises(SystemExit, match="2"):
        main([str(export), "--out", str(out)])
    assert f"{out} is a folder; give the name of a file in it" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export.csv", "report.html"]


def test_what_comes_through_a_pipe_has_the_hash_of_what_was_read(export, tmp_path):
    content = export.read_bytes()
    command = f"{sys.executable} -m analysis <(cat {export}) --out {tmp_path / 'r.html'}"
    subprocess.run(["bash", "-c", command], check=True, capture_output=True)
    assert hashlib.sha256(content).hexdigest() in (tmp_path / "r.html").read_text()


def test_a_figure_of_another_export_does_not_stay_beside_these_numbers(rows_of, csv_text, tmp_path):
    export = tmp_path / "export.csv"
    export.write_text(csv_text(rows_of({name: {"x": (1, 1)} for name in "abc"})))  # nobody answered twice
    files = tmp_path / "files"
    files.mkdir()
    (files / "session.svg").write_text("of another export")
    (files / "mine.svg").write_text("mine")
    assert main([str(export), "--out", str(tmp_path / "r.html"), "--files", str(files)]) == 0
    assert {path.name for path in files.glob("*.svg")} >= {"mine.svg", "flow.svg", "accuracy.svg"}
    assert not (files / "session.svg").exists()


def test_names_that_the_terminal_or_the_fonts_lack_are_no_reason_to_fail(rows_of, csv_text, tmp_path):
    export = tmp_path / "export.csv"
    counts = {name: {"日本": (3, 4), "exemplars": (2, 4)} for name in "abc"}
    export.write_text(csv_text(rows_of(counts)))
    done = subprocess.run(
        [sys.executable, "-m", "analysis", str(export), "--out", str(tmp_path / "r.html")],
        env=os.environ | {"PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"??: 75.0% correct" in done.stdout
    assert "日本" in (tmp_path / "r.html").read_text()


def test_without_out_the_report_is_written_here(export, tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert main([str(export)]) == 0
    assert [path.name for path in here.iterdir()] == ["report.html"]


@pytest.mark.parametrize("wrong", [[], ["EXPORT", "--out", "r", "--seed", "-1"], ["same", "--out", "same"]])
def test_wrong_usage_exits_with_two(wrong, capsys):
    with pytest.raises(SystemExit) as left:
        main(wrong)
    assert left.value.code == 2
    assert "usage: python -m analysis" in capsys.readouterr().err


def test_every_dash_of_the_tables_has_its_reason(rows_of, csv_text):
    rows = rows_of({name: {"x": (right, 4), "y": (2, 4)} for name, right in (("a", 2), ("b", 3), ("c", 4))})
    for one in rows[:4]:
        one["confidence"] = "3"
    page = Page(render(rows, csv_text))
    text = re.sub(r"\s+", " ", " ".join(page.text))
    assert [row[5] for row in page.tables["calibration-table"][1:] if row[1] == "3 sure"] == [wording.DASH]
    assert "x, 3 sure: No interval: one participant does not show how much participants differ." in text
    assert "Change: Interval: Student's t interval over participants." in text


def test_features_in_one_condition_each_say_why_they_are_no_units(row, csv_text):
    rows = [
        row(name, trial, "xy"[trial % 2], trial % 3 > 0, main_trials="8") for name in "abc" for trial in range(1, 9)
    ]
    text = re.sub(r"\s+", " ", " ".join(Page(render(rows, csv_text)).text))
    told = "Over features with answers in both conditions: No test: none of 8 features has answers to both x and y."
    assert told in text


def test_intervals_between_participants_are_cut_to_what_is_possible(rows_of, csv_text):
    counts = {"a": {"x": (0, 4)}, "b": {"x": (4, 4)}, "c": {"y": (1, 4)}, "d": {"y": (3, 4)}}
    page = Page(render(rows_of(counts), csv_text))
    assert page.tables["comparison-table"][1][3] == "-100.0 to +100.0"
    assert "Effect sizes and evidence" in " ".join(page.text)


def test_a_condition_without_right_answers_says_why_it_has_no_response_times(rows_of, csv_text):
    counts = {name: {"x": (3, 4), "y": (0, 4)} for name in "abc"}
    results = analyse(parse_export(csv_text(rows_of(counts))), seed=1)
    page = Page(render_report(results, export_sha256="ef" * 32))
    told = "No response times with y: none of its 12 answers is right."
    assert told in page.text
    assert [row[0] for row in page.tables["times-table"][1:]] == ["x"]
    lines = [row for row in csv.DictReader(io.StringIO(results_csv(results))) if row["part"] == "response time"]
    assert [(row["row"], row["n"], row["interval"]) for row in lines if not row["value"]] == [("y", "0", told)]
    nothing = Page(render(rows_of({name: {"y": (0, 4)} for name in "abc"}), csv_text))
    assert "times-table" not in nothing.tables
    assert told in nothing.text


def test_the_share_of_left_choices_says_on_how_many_participants_it_rests(row, rows_of, csv_text):
    rows = rows_of({"a": {"x": (3, 4)}, "b": {"x": (2, 4)}})
    for one in rows[4:]:  # `b` saw the strong image on the left alone
        one |= {"strong_side": "left", "choice": "left" if one["correct"] == "true" else "right"}
    page = Page(render(rows, csv_text))
    assert page.tables["detection-table"][1][1] == "1"
    assert page.tables["detection-table"][1][-1].endswith("n = 2")

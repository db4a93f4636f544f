"""A dry run is told as what it is, wherever a number of it could be taken for one about people."""

import csv
import io
import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from analysis.__main__ import main
from analysis.apa import sentences
from analysis.figures.gallery import report_figures
from analysis.headline import headline
from analysis.machine import results_json
from analysis.methods import methods_paragraph
from analysis.number_lines import features_csv, results_csv
from analysis.reading import ExportError, parse_export
from analysis.report import render_report
from analysis.results import analyse
from analysis.simulation import Assumptions, synthetic_export
from tests.analysis.conftest import ACCURACY
from tests.analysis.test_report import Page

TOLD = "A dry run: all 16 participants are simulated, and nobody took part. No number here says anything about people."


@pytest.fixture
def dry(protocol_file, plan):
    file = protocol_file(f"[analysis]\nparticipants = 16\n{plan}")
    export = parse_export(synthetic_export(file, Assumptions(ACCURACY), participants=16, seed=3))
    return analyse(export, seed=1, protocol=file)


def test_a_dry_run_has_no_verdict_and_confirms_nothing_though_its_protocol_is_the_given_one(dry):
    assert dry.ran_as_given
    assert not dry.confirmatory
    assert [row.verdict for row in dry.hypotheses] == ["supported", "supported"], "or there is nothing to hide"
    first, *rest = headline(dry)
    assert first == TOLD
    told = " ".join((*rest, *sentences(dry), methods_paragraph(dry)))
    assert "More (dry run): no verdict (p" in told
    for claim in ("supported", "confirmatory", "exploratory", "Participants chose"):
        assert claim not in told


def test_every_sentence_that_can_be_pasted_says_dry_run(dry):
    assert all(sentence.startswith("Dry run") for sentence in sentences(dry))
    assert methods_paragraph(dry).startswith(TOLD)
    assert "Of 16 simulated participants" in methods_paragraph(dry)
    assert "Data collection" not in methods_paragraph(dry)


def test_the_page_of_a_dry_run_has_a_banner_before_its_first_number(dry):
    html = render_report(dry, export_sha256="ef" * 32)
    page = Page(html)
    assert html.index('class="banner"') < html.index('class="headline"')
    assert html.count(TOLD) == 2  # the banner, and the methods paragraph that may be pasted
    assert [row[1] for row in page.tables["hypothesis-table"][1:]] == ["no verdict", "no verdict"]
    text = " ".join(page.text)
    for claim in ("Confirmatory", "What was run is what was planned", "supported"):
        assert claim not in text
    assert "demo: dry run" in text


def test_the_files_of_a_dry_run_say_so_in_every_line(dry):
    for text in (results_csv(dry), features_csv(dry)):
        assert {row["standing"] for row in csv.DictReader(io.StringIO(text))} == {"dry run"}
    assert "supported" not in results_csv(dry)
    numbers = json.loads(results_json(dry, export_sha256="ef" * 32))
    assert (numbers["dry_run"], numbers["standing"]) == (True, "dry run")
    assert {(row["standing"], row["verdict"]) for row in numbers["hypotheses"]} == {("dry run", "no verdict")}


def test_every_figure_of_a_dry_run_says_so_above_the_drawing_which_stays_as_it_is(dry):
    figures, real = report_figures(dry), report_figures(replace(dry, dry_run=False))
    assert figures.keys() == real.keys()
    for name, figure in figures.items():
        drawing, plain = ElementTree.fromstring(figure.svg), ElementTree.fromstring(real[name].svg)
        _, top, width, height = map(float, drawing.attrib["viewBox"].split())
        assert [0, 0, width, height + top] == [*map(float, plain.attrib["viewBox"].split())]
        assert drawing.attrib["height"] == f"{height:g}pt"
        words = drawing.find("{http://www.w3.org/2000/svg}text")
        assert words is not None
        assert words.text == "Dry run: simulated participants, nobody took part"
        assert top < float(words.attrib["y"]) < 0
        assert "Dry run" not in real[name].svg


def test_simulated_participants_among_people_are_refused_in_one_sentence(row, csv_text):
    rows = [row(name, 1, "none", True, main_trials="1") for name in ("human-1", "synthetic-00002", "human-2")]
    with pytest.raises(ExportError) as refused:
        parse_export(csv_text(rows))
    assert refused.value.problems == (
        "line 3: participant synthetic-00002 and participant human-1 in line 2 cannot be analysed as one study: one is "
        "a simulated participant (synthetic-...) and one is not.",
    )


def test_the_command_prints_the_word_first(protocol_file, plan, tmp_path, capsys):
    protocol_file(plan)
    protocol, export = str(tmp_path / "protocol.toml"), str(tmp_path / "dry.csv")
    simulate = ["simulate", protocol, "--accuracy", "accentuation=0.8", "exemplars=0.6", "--participants", "8"]
    assert main([*simulate, "--out", export]) == 0
    assert main([export, "--out", str(tmp_path / "r.html"), "--protocol", protocol]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("A dry run: all 8 participants are simulated")

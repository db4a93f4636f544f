"""What confirms and what explores, said wherever a result is told: page, sentences, Methods, files for machines."""

import csv
import io
import json

from analysis.apa import sentences
from analysis.headline import headline
from analysis.machine import results_json
from analysis.methods import methods_paragraph
from analysis.number_lines import results_csv
from analysis.reading import parse_export
from analysis.report import render_report
from analysis.results import analyse
from tests.analysis.test_report import Page

OTHER = "0" * 64


def undeclared(export):
    """The data as if they were collected under another protocol."""
    return export.assign(protocol_sha256=OTHER)


def lines_of(results):
    return list(csv.DictReader(io.StringIO(results_csv(results))))


def test_hypotheses_of_another_protocol_are_exploratory_in_everything_that_is_written(study):
    results = study(change=undeclared)
    assert [row.verdict for row in results.hypotheses] == ["supported", "supported"], "or there is nothing to hide"
    told = (*sentences(results), methods_paragraph(results), *headline(results))
    for sentence in told:
        # A line of the headline without a p has nothing to confirm.
        assert "exploratory" in sentence.lower() or (sentence in headline(results) and " p " not in sentence)
        assert "supported" not in sentence
        assert "planned" not in sentence
        assert "confirmatory" not in sentence
    page = Page(render_report(results, export_sha256="ef" * 32))
    assert [row[1] for row in page.tables["hypothesis-table"][1:]] == ["no verdict", "no verdict"]
    assert page.tables["plan-table"][0] == ["Of the protocol", "It says", "Found", "The same"]
    assert "supported" not in " ".join(page.text)


def test_the_files_for_machines_say_exploratory_of_hypotheses_of_another_protocol(study):
    results = study(change=undeclared)
    numbers = json.loads(results_json(results, export_sha256="ef" * 32))
    assert numbers["standing"] == "exploratory"
    assert [(row["standing"], row["verdict"]) for row in numbers["hypotheses"]] == [("exploratory", "no verdict")] * 2
    assert {row["standing"] for row in lines_of(results)} == {"exploratory"}
    assert "supported" not in results_csv(results)


def test_the_files_for_machines_say_confirmatory_of_declared_hypotheses_alone(study):
    results = study()
    numbers = json.loads(results_json(results, export_sha256="ef" * 32))
    assert numbers["standing"] == "confirmatory"
    assert [(row["standing"], row["verdict"]) for row in numbers["hypotheses"]] == [("confirmatory", "supported")] * 2
    assert {row["part"] for row in lines_of(results) if row["standing"] == "confirmatory"} == {"hypothesis"}


def test_methods_name_the_protocol_of_the_study_only_where_it_is_the_given_one(study, rows_of, csv_text, borowski):
    kept, changed = study(), study(change=undeclared)
    assert f"protocol: SHA-256 {kept.protocol_sha256[:12]}" in methods_paragraph(kept)
    assert "protocol: SHA-256" not in methods_paragraph(changed)
    assert "a protocol under which the data were not collected" in methods_paragraph(changed)
    alone = analyse(parse_export(csv_text(rows_of(borowski))), seed=1)
    assert "No protocol was given to the analysis" in methods_paragraph(alone)
    assert "protocol: SHA-256" not in methods_paragraph(alone)


def test_without_a_protocol_every_sentence_says_that_it_explores(rows_of, csv_text, borowski):
    results = analyse(parse_export(csv_text(rows_of(borowski))), seed=1)
    assert all(sentence.startswith("Exploratory") for sentence in sentences(results))
    assert all("exploratory" in sentence for sentence in headline(results))

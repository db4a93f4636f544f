"""No command writes over what it reads, by whatever name, and it says so before it computes anything."""

import os

import pytest

from analysis.__main__ import main
from analysis.destinations import DestinationError, check_writing
from analysis.figures.gallery import NAMES, report_figures


@pytest.fixture
def inputs(tmp_path):
    """Names of files that are no export, protocol or table: whoever reads them has begun to compute."""
    for name in ("results.csv", "features.csv", "flow.svg", "p.toml", "o.csv"):
        (tmp_path / name).write_text("not to be lost")
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        "results.csv --out r.html --files .",
        "features.csv --out r.html --files .",
        "flow.svg --out r.html --files .",
        "results.csv --out ./sub/../results.csv",
        "results.csv --protocol p.toml --out p.toml",
        "results.csv --observers o.csv --out o.csv",
        "o.csv --out results.csv --files .",
        "simulate p.toml --accuracy x=0.8 --out p.toml",
        "power p.toml --accuracy x=0.8 --out p.toml",
    ],
)
def test_a_command_that_would_write_over_its_input_is_refused_and_leaves_it(inputs, monkeypatch, capsys, command):
    monkeypatch.chdir(inputs)
    (inputs / "sub").mkdir()
    with pytest.raises(SystemExit) as left:
        main(command.split())
    assert left.value.code == 2
    assert "would be written over" in capsys.readouterr().err
    assert {path.read_text() for path in inputs.iterdir() if path.is_file() and path.suffix != ".toml"} == {
        "not to be lost"
    }
    assert (inputs / "p.toml").read_text() == "not to be lost"


def test_a_link_to_an_input_is_the_input(tmp_path):
    source, hard, soft = tmp_path / "export.csv", tmp_path / "hard.html", tmp_path / "soft.html"
    source.write_text("x")
    os.link(source, hard)
    soft.symlink_to(source)
    for path in (hard, soft):
        with pytest.raises(DestinationError, match=r"export\.csv, which is read"):
            check_writing(read=[source], written=[path])
    check_writing(read=[source], written=[tmp_path / "new.html", tmp_path / "other.html"])


def test_a_folder_of_files_that_cannot_be_made_is_refused_before_the_report_is_written(inputs, capsys):
    for folder in ("a/b/c", "p.toml"):
        with pytest.raises(SystemExit) as left:
            main([str(inputs / "results.csv"), "--out", str(inputs / "r.html"), "--files", str(inputs / folder)])
        assert left.value.code == 2
        assert "of --files cannot be made: give one in a folder that is there" in capsys.readouterr().err
    assert not (inputs / "r.html").exists()


def test_every_figure_of_a_report_is_among_the_names_that_are_looked_at(study):
    assert tuple(report_figures(study())) == NAMES

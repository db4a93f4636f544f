"""The examples of docs/library.md run, and the documents name all that the package exports."""

import re
from pathlib import Path

import pytest

import accentuation
from accentuation import to_picture

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "library.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.filterwarnings("ignore")
def test_the_examples_run_from_top_to_bottom(tmp_path, monkeypatch, cat):
    monkeypatch.chdir(tmp_path)
    to_picture(cat).save("photo.jpg")
    names = {}
    assert len(BLOCKS) > 10
    for block in BLOCKS:
        exec(compile(block, "docs/library.md", "exec"), names)
    assert [shot.step > 0 for shot in names["graded"].snapshots] == [True, True]
    made = {path.name for path in tmp_path.iterdir()}
    assert made == set(re.findall(r'(?<!=)"([a-z]+\.(?:png|jpg|pth))"', PAGE))


@pytest.mark.parametrize("name", accentuation.__all__)
def test_every_exported_name_is_in_the_documents(name):
    words = re.findall(r"\w+", PAGE + (DOCS / "method.md").read_text())
    assert name in words


def test_the_readme_leads_to_the_page():
    assert "(docs/library.md)" in (DOCS.parent / "README.md").read_text()

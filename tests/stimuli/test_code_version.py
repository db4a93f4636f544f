"""What is recorded of the code: the release, the commit, and hashes that anyone can form again."""

import ast
import hashlib
import subprocess
import tomllib
from pathlib import Path

import pytest

from stimuli import code_version
from stimuli.code_version import IMAGE_MODULES, ROOT, release, sha256_of_files, sha256_of_image_modules


def git(*arguments: str) -> str:
    return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True).stdout


def test_the_release_is_that_of_the_project_and_the_commit_that_of_the_checkout() -> None:
    found = release.__wrapped__()
    assert found["quiddity"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert found["commit"] == git("rev-parse", "HEAD").strip()
    assert found["changed_since"] == ("yes" if git("status", "--porcelain", "--untracked-files=no") else "no")


def test_a_copy_of_the_code_alone_has_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_version, "ROOT", tmp_path)
    assert release.__wrapped__() == {}


def test_the_hash_is_over_names_and_bytes_with_nul_after_each(tmp_path: Path) -> None:
    (tmp_path / "b.py").write_bytes(b"two")
    (tmp_path / "a.py").write_bytes(b"one")
    expected = hashlib.sha256(b"a.py\0one\0b.py\0two\0").hexdigest()
    assert sha256_of_files(tmp_path.glob("*.py")) == expected
    assert len(sha256_of_image_modules()) == 64


def test_the_modules_that_make_an_image_are_all_among_those_that_are_hashed() -> None:
    """All that the engine imports of this package, but for what computes these hashes."""
    folder = Path(code_version.__file__).parent
    parsed = ast.parse((folder / "engine.py").read_text())
    imported = {node.module for node in ast.walk(parsed) if isinstance(node, ast.ImportFrom) and node.module}
    of_stimuli = {name.removeprefix("stimuli.") + ".py" for name in imported if name.startswith("stimuli.")}
    assert of_stimuli - {"code_version.py"} <= set(IMAGE_MODULES)
    assert list(IMAGE_MODULES) == sorted(IMAGE_MODULES)


def test_the_documents_name_every_module_and_every_key() -> None:
    text = (ROOT / "docs" / "provenance.md").read_text()
    keys = (*release(), "accentuation_sha256", "stimuli_sha256", "system", "machine", "record_sha256")
    for name in (*IMAGE_MODULES, *keys):
        assert f"`{name}`" in text

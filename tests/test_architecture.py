"""The arrows between the rooms: which package may import which."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("accentuation", "stimuli", "studyapp", "analysis")

# What each package may import of the others, and which foreign giants it may know.
MAY_IMPORT = {
    "accentuation": {"accentuation", "torch", "torchvision"},
    "stimuli": {"stimuli", "django"},
    "studyapp": {
        "studyapp",
        "stimuli.models",
        "stimuli.protocol",
        "stimuli.selection",
        "stimuli.recipes",
        "stimuli.continuations",
        "stimuli.quality",
        "stimuli.files",
        "stimuli.renditions",
        "stimuli.sets",
        "stimuli.attempts",
        "stimuli.planned",
        "stimuli.immutability",
        "stimuli.likeness",
        "stimuli.whole_file",
    }
    | {"analysis.columns", "analysis.observer_columns", "django"},
    # The plan stands in the protocol, and power is simulated on the assignment that participants get: both are plain
    # Python, one definition each.
    "analysis": {"analysis", "stimuli.protocol", "studyapp.assignment"},
}
# The one door between the database and the network, and the one to a cluster.
DOORS = {"stimuli/engine.py": {"accentuation", "torch"}, "stimuli/engines/cluster.py": {"ray"}}
# What computes runs on machines without a database.
WITHOUT_DJANGO = {
    "stimuli.code_version",
    "stimuli.engine",
    "stimuli.engines",
    "stimuli.likeness",
    "stimuli.orders",
    "stimuli.pictures",
}
WATCHED = {*PACKAGES, "torch", "torchvision", "django", "ray"}


def imported_modules(tree: ast.AST) -> Iterator[str]:
    """Every module that the code imports, `from a import b` as both `a` and `a.b`, at any depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def forbidden_arrows(relative_path: str, source: str) -> list[str]:
    """The imports of a file that its package may not make."""
    package = relative_path.split("/", 1)[0]
    allowed = MAY_IMPORT[package] | DOORS.get(relative_path, set())
    return [
        f"{relative_path} imports {name}"
        for name in imported_modules(ast.parse(source))
        if name.split(".", 1)[0] in WATCHED
        and not any(name == prefix or name.startswith(f"{prefix}.") for prefix in allowed)
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_imports_what_it_may_not(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    wrong = [arrow for file in files for arrow in forbidden_arrows(file.relative_to(ROOT).as_posix(), file.read_text())]
    assert wrong == []


def test_what_computes_knows_nothing_of_django() -> None:
    files = [*sorted((ROOT / "stimuli" / "engines").rglob("*.py")), ROOT / "stimuli" / "engine.py"]
    known = [
        f"{file.name} imports {name}"
        for file in files
        for name in imported_modules(ast.parse(file.read_text()))
        if name.split(".", 1)[0] in ("django", "stimuli", "studyapp")
        and not any(name == allowed or name.startswith(f"{allowed}.") for allowed in WITHOUT_DJANGO)
    ]
    assert known == []
    program = """
import sys
from stimuli import engine
from stimuli.engines import cluster, opening, options
print(sorted({name.split(".")[0] for name in sys.modules} & {"django", "ray", "studyapp"}))
"""
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("analysis/reading.py", "import django"),
        ("analysis/reading.py", "from studyapp.models import Study"),
        ("accentuation/loop.py", "def f():\n    from stimuli.models import Feature"),
        ("stimuli/selection.py", "import torch.nn as nn"),
        ("stimuli/selection.py", "from accentuation import accentuate"),
        ("stimuli/engines/processes.py", "import ray"),
        ("studyapp/views.py", "from stimuli import engine"),
        ("studyapp/views.py", "import analysis.report"),
    ],
)
def test_the_walk_sees_a_forbidden_arrow(path: str, source: str) -> None:
    assert len(forbidden_arrows(path, source)) == 1


def test_the_web_process_never_loads_torch(tmp_path: Path) -> None:
    program = """
import sys
from studyapp.wsgi import application
from django.test import Client
from django.urls import get_resolver
get_resolver().url_patterns  # loads every view
assert Client(headers={"host": "localhost"}).get("/admin/login/").status_code == 200
loaded = {name.split(".")[0] for name in sys.modules}
assert "django" in loaded and "stimuli" in loaded and "studyapp" in loaded
print(sorted(loaded & {"torch", "torchvision", "timm", "accentuation", "pandas", "scipy", "matplotlib"}))
"""
    tmp_path.chmod(0o755)
    environment = {"PATH": "/usr/bin:/bin", "QUIDDITY_DATA": str(tmp_path / "data")}
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"

"""The documents say what is true: nothing a user can set, run or read is missing from them."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import get_args, get_origin

import pytest
from django.core.management import get_commands
from pydantic import BaseModel

from analysis.columns import COLUMNS, EVENT_COLUMNS, QUESTIONNAIRE_COLUMNS, RECRUITER_COLUMNS
from stimuli.protocol import Protocol
from studyapp.tasks.registry import all_names

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
OURS = {"stimuli", "studyapp"}


def our_commands() -> list[str]:
    return sorted(name for name, app in get_commands().items() if app in OURS)


def environment_variables() -> list[str]:
    sources = [path for package in ("accentuation", *OURS, "analysis") for path in (ROOT / package).rglob("*.py")]
    reading = re.compile(r"environ(?:\.get\(|\[)\s*\"([A-Z_]+)\"")
    found = {name for path in [*sources, ROOT / "manage.py"] for name in reading.findall(path.read_text())}
    return sorted(found)


def protocol_keys(table: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every key of the file as TOML addresses it."""
    for name, field in table.model_fields.items():
        optional = get_origin(field.annotation) is UnionType
        kinds = get_args(field.annotation) if optional else (field.annotation,)  # of a table that may be absent, it
        tables = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if tables:
            yield from protocol_keys(tables[0], f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


@pytest.mark.parametrize("command", our_commands())
def test_the_readme_names_every_management_command(command: str) -> None:
    assert f"manage.py {command}" in README


def test_every_management_command_the_readme_names_exists() -> None:
    named = set(re.findall(r"manage\.py (\w+)", README)) - {"help"}
    assert named <= set(get_commands())


@pytest.mark.parametrize("variable", environment_variables())
def test_the_readme_explains_every_environment_variable(variable: str) -> None:
    assert f"| `{variable}` |" in README


def test_the_readme_explains_no_variable_that_is_not_read() -> None:
    assert sorted(re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE)) == environment_variables()


def test_the_readme_names_every_make_target_and_no_other() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    named = set(re.findall(r"(?:^|`)make (\w+)", README, re.MULTILINE))
    assert named == set(phony.group(1).split()) - {"help"}


def test_every_file_the_readme_links_to_exists() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("key", sorted(protocol_keys(Protocol)))
def test_the_protocol_guide_explains_every_key(key: str) -> None:
    table, _, name = key.rpartition(".")
    guide = (ROOT / "docs" / "protocol.md").read_text()
    heading = f"`[{table}]`" if table else "Top level"
    section = re.search(rf"^## {re.escape(heading)}.*?(?=^## |\Z)", guide, re.MULTILINE | re.DOTALL)
    assert section is not None, f"no section {heading}"
    assert f"| `{name}` |" in section.group()


def test_the_protocol_guide_explains_no_key_that_does_not_exist() -> None:
    guide = (ROOT / "docs" / "protocol.md").read_text()
    assert len(re.findall(r"^\| `[a-z_]+` \|", guide, re.MULTILINE)) == len(list(protocol_keys(Protocol)))


def test_the_export_guide_lists_every_column_in_order_with_its_meaning() -> None:
    guide = (ROOT / "docs" / "export.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \| (.+) \|$", guide, re.MULTILINE)
    columns = (*COLUMNS, *EVENT_COLUMNS, *QUESTIONNAIRE_COLUMNS, *RECRUITER_COLUMNS)
    assert rows == [(column.name, column.kind.value, column.unit, column.meaning) for column in columns]


def test_the_tasks_guide_explains_every_task() -> None:
    guide = (ROOT / "docs" / "tasks.md").read_text()
    explained = set(re.findall(r"^## `(\w+)`", guide, re.MULTILINE))
    assert explained == set(all_names())

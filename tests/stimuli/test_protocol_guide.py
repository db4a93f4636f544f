"""The protocol guide holds: its example is valid and minimal, its one-liner works, its ranges are those checked."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from stimuli.protocol import (
    AccentuationTable,
    AnalysisTable,
    AttributionTable,
    ContinuationTable,
    DeviceTable,
    ExclusionsTable,
    PracticeTable,
    ProtocolError,
    QualityTable,
    QuizTable,
    RecruitmentTable,
    StimuliTable,
    TrialsTable,
    VisualizationTable,
    parse_protocol,
)

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "protocol.md").read_text()


def examples() -> tuple[str, str]:
    """The shortest protocol, and a whole one."""
    shortest, whole = re.findall(r"^```toml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    return shortest, whole


def example() -> str:
    return examples()[0]


# The sections of tables whose keys are not all their own.
TABLES: dict[str, type[BaseModel]] = {
    "stimuli": StimuliTable,
    "stimuli.accentuation": AccentuationTable,
    "stimuli.attribution": AttributionTable,
    "stimuli.visualization": VisualizationTable,
    "stimuli.continuation": ContinuationTable,
    "stimuli.quality": QualityTable,
    "trials": TrialsTable,
    "device": DeviceTable,
    "quiz": QuizTable,
    "practice": PracticeTable,
    "recruitment": RecruitmentTable,
    "analysis": AnalysisTable,
    "analysis.exclusions": ExclusionsTable,
}


def bounds() -> list[tuple[str, str, Any]]:
    return [
        (section, name, bound)
        for section, table in TABLES.items()
        for name, field in table.model_fields.items()
        if field.annotation in (int, float, int | None, float | None)
        for constraint in field.metadata
        for kind in ("ge", "gt", "le", "lt")
        if (bound := getattr(constraint, kind, None)) is not None
    ]


def test_the_example_of_the_guide_is_a_protocol() -> None:
    stimuli = parse_protocol(example()).stimuli
    (command,) = re.findall(r"survey_features (?:.*) --features (.+)", GUIDE.partition("## Photographs")[0])
    assert shlex.split(command) == [*stimuli.features, *stimuli.practice_features]


def test_the_whole_protocol_of_the_guide_is_one_with_recruitment_a_device_and_catch_trials() -> None:
    protocol = parse_protocol(examples()[1])
    assert protocol.recruitment.source == "prolific"
    assert protocol.device.min_width > 0
    assert protocol.stimuli.catch_features


KEYS = [number for number, line in enumerate(example().splitlines()) if " = " in line]


@pytest.mark.parametrize("number", KEYS)
def test_no_line_of_the_example_can_be_left_out(number: int) -> None:
    lines = example().splitlines()
    del lines[number]
    with pytest.raises(ProtocolError, match="is missing; add it"):
        parse_protocol("\n".join(lines))


def test_the_command_of_the_guide_lists_the_layers_of_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = re.findall(r"^python -c .+$", GUIDE, re.MULTILINE)
    exec(shlex.split(line)[2])
    layers = capsys.readouterr().out.splitlines()
    features = (*parse_protocol(example()).stimuli.features, *parse_protocol(example()).stimuli.practice_features)
    assert {name.partition(":")[0] for name in features if ":" in name} <= set(layers)


@pytest.mark.parametrize(("section", "key", "bound"), bounds())
def test_the_guide_states_both_ends_of_every_range(section: str, key: str, bound: float) -> None:
    _, _, text = GUIDE.partition(f"## `[{section}]`\n")
    (row,) = re.findall(rf"^\| `{key}` \| (.+) \| [^|]+ \|$", text.partition("\n## ")[0], re.MULTILINE)
    assert re.search(rf"(?<![\w.-]){bound:g}\b", row)

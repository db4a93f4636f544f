"""The whole path as a stranger walks it: the demo on real input, taken in a browser, exported, reported."""

import csv
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, sync_playwright

from tests import chromium

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "studyapp" / "protocols" / "demo.toml"
# The demo's own protocol, cut down to what takes seconds.
QUICK = {
    r"(?s)practice_features = .*?\n\]\n": (
        'practice_features = ["blocks.1.0:channel=1", "blocks.1.0:channel=2"]\n'
        'features = ["blocks.1.0:channel=3", "blocks.1.0:channel=5", "blocks.1.0:channel=7", "blocks.1.0:channel=8"]\n'
    ),
    r"references = 3": "references = 1",
    r"steps = 16": "steps = 2",
    r"crops = 4": "crops = 1",
    r"block_size = 4": "block_size = 2",
    r"max_rounds = 2": "max_rounds = 1",  # whoever takes sides in turn may be wrong in both trials of practice
}


SIDES = ("right", "left")


@pytest.fixture
def protocol(tmp_path: Path) -> Path:
    text = DEMO.read_text()
    for pattern, replacement in QUICK.items():
        text, count = re.subn(pattern, replacement, text)
        assert count == 1, pattern
    path = tmp_path / "quick.toml"
    path.write_text(text)
    return path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A data folder of its own, and in it an embedded server of its own."""
    tmp_path.chmod(0o755)
    rest = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return {**rest, "QUIDDITY_DATA": str(tmp_path / "data"), "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def page() -> Iterator[Page]:
    executable = chromium.find()
    assert executable is not None, chromium.ADVICE
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=chromium.arguments())
        yield browser.new_page()
        browser.close()


def run(environment: dict[str, str], *command: str) -> str:
    result = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def take_study(page: Page, address: str, trials: int) -> str:
    """Choose the left and the right image in turn; return the completion code."""
    page.goto(address)
    page.get_by_role("button", name="I agree and take part").click()
    page.get_by_label("How old are you").fill("41")
    page.get_by_label("Yes", exact=True).check()
    page.get_by_role("button", name="Send and go on").click()
    page.get_by_role("button", name="Go on to the quiz").click()
    page.get_by_label("One detector responds strongly to all of them.").check()
    page.get_by_label("I guess, and say that it is a guess.").check()
    page.get_by_role("button", name="Check my answers").click()
    for position in range(1, trials + 1):
        if position == 5:
            page.get_by_role("button", name="Go on").click()
        page.locator('[data-trial][data-state="shown"]').wait_for()
        shown = page.locator("[data-trial]").get_attribute("data-trial")
        widths = page.locator(".query img").evaluate_all("images => images.map(image => image.naturalWidth)")
        assert widths == [256, 256]
        page.wait_for_timeout(250)
        side = SIDES[position % 2]
        page.locator(f'.answer[data-side="{side}"][data-confidence="2"]').click()
        if position <= 2:
            page.locator("#continue").click()
        page.wait_for_function("shown => document.querySelector('[data-trial]')?.dataset.trial !== shown", arg=shown)
    page.get_by_label("5", exact=True).check()
    page.get_by_role("button", name="Send and go on").click()
    page.get_by_role("button", name="Finish and see the completion code").click()
    code: str = page.locator("#completion-code").inner_text()
    return code


def test_the_demo_is_made_served_taken_exported_and_reported(
    environment: dict[str, str], protocol: Path, page: Page, tmp_path: Path
) -> None:
    port = free_port()
    demo = ("manage.py", "demo", "--protocol", str(protocol), "--port", str(port))
    assert "The demo study is ready" in run(environment, *demo, "--no-serve")

    with subprocess.Popen(
        [sys.executable, *demo], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            said = ""
            while "Researcher:" not in said:
                line = server.stdout.readline()
                assert line, said
                said += line
            assert "6 of 6" not in said, "the second run made stimuli again"
            page.wait_for_timeout(2000)
            code = take_study(page, f"http://127.0.0.1:{port}/s/demo/", trials=6)
            loaded = {
                Path(mapped.path).name
                for process in [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
                for mapped in process.memory_maps()
            }
            assert not any(name.startswith("libtorch") for name in loaded)
            export, report = tmp_path / "demo.csv", tmp_path / "report.html"
            run(environment, "manage.py", "export_responses", "demo", "--out", str(export))
        finally:
            server.terminate()  # or leaving this block would wait for it
    assert len(code) == 8

    rows = list(csv.DictReader(export.open()))
    assert [row["phase"] for row in rows] == ["practice"] * 2 + ["main"] * 4
    assert [row["choice"] for row in rows] == [SIDES[int(row["trial"]) % 2] for row in rows]
    main = [row for row in rows if row["phase"] == "main"]
    assert [row["correct"] for row in main] == [str(row["strong_side"] == row["choice"]).lower() for row in main]
    run(environment, "-m", "analysis", str(export), "--protocol", str(protocol), "--out", str(report))
    page.goto(report.as_uri())
    assert "Accentuations help more than exemplars alone" in page.locator("main").inner_text()
    for condition in ("exemplars", "accentuation"):
        right = sum(1 for row in main if (row["condition"], row["correct"]) == (condition, "true"))
        row = page.locator(f'#accuracy-table tr[data-condition="{condition}"]')
        assert row.locator(".correct").inner_text() == str(right)
        assert row.locator(".answered").inner_text() == "2"

"""How far are our reaction times from the true ones?

``python -m benchmarks.reaction_time --trials 60``: a study is served to a real browser, as participants get it, and
its trials are answered by a script. The true reaction time is the answer's time, which the script knows, minus the time
at which the browser itself says that it presented the trial's images (Element Timing, which Chromium rounds to 4 ms).
What our page sent as ``rt_ms`` minus that is the error. Half of the answers are events made in the page at a known
time; the other half are keys sent through the browser's input, of which is known only that they were pressed between
two readings of the clock: their error is how far the reaction time lies outside.

Prints the distribution of the sizes of the errors, in milliseconds; the last line is one JSON object. This is the
page's own error: what screen and keyboard add is the machine's, and the same in all conditions.
"""

import argparse
import json
import os
import random
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

TRIALS_OF_A_SESSION = 8  # two of practice among them

# Every image says when it was presented, and every answer is kept where the script finds it.
WATCH = """
const mark = (root) => {
  for (const image of root.querySelectorAll("img")) image.setAttribute("elementtiming", image.getAttribute("src"));
};
const native = document.importNode.bind(document);
document.importNode = (node, deep) => (mark(node), native(node, deep));
new MutationObserver(() => mark(document)).observe(document, { childList: true, subtree: true });
window.presented = {};
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.presented[entry.identifier] = entry.renderTime;
}).observe({ type: "element", buffered: true });
window.sent = {};
const quick = window.fetch;
window.fetch = (url, options) => {
  if (options?.method === "POST") window.sent[JSON.parse(options.body).trial] = JSON.parse(options.body);
  return quick(url, options);
};
"""

PRESS = """(ms) => new Promise((resolve) => setTimeout(() => {
  const event = new KeyboardEvent("keydown", { key: "3", bubbles: true });
  document.querySelector("main.trial").dispatchEvent(event);
  resolve(event.timeStamp);
}, ms))"""

PRESENTED = """() => {
  const images = Array.from(document.querySelectorAll(".query img"));
  const times = images.map((image) => window.presented[image.getAttribute("elementtiming")]);
  return times.every(Boolean) ? Math.max(...times) : null;
}"""


@dataclass(frozen=True)
class Errors:
    """Errors of reaction times in milliseconds: of events made in the page, and of keys through the browser's input."""

    events: list[float]
    keys: list[float]


@dataclass(frozen=True)
class Distribution:
    """Of the sizes of errors, in milliseconds, and the median with its sign."""

    trials: int
    median_ms: float
    p95_ms: float
    max_ms: float
    signed_median_ms: float


def answer_and_measure(page: Page, *, wait_ms: float, by_key: bool) -> float:
    """Answer the trial on the page after about so long; gives the error of the reaction time that was sent."""
    page.wait_for_selector(".answer:enabled")
    trial = page.locator("[data-trial]").get_attribute("data-trial")
    page.wait_for_function(PRESENTED)
    presented = page.evaluate(PRESENTED)
    if by_key:
        page.wait_for_timeout(wait_ms)
        earliest = page.evaluate("performance.now()")
        page.keyboard.press("3")
        latest = page.evaluate("performance.now()")
    else:
        earliest = latest = page.evaluate(PRESS, wait_ms)
    page.wait_for_function("(trial) => window.sent[trial]", arg=trial)
    rt_ms: float = page.evaluate("(trial) => window.sent[trial].rt_ms", trial)
    return min(max(rt_ms, earliest - presented), latest - presented) - rt_ms


def take_session(page: Page, link: str, *, trials: int, seed: int) -> Errors:
    """Take the study at this link, with answers at random times, every other one by key."""
    rng = random.Random(seed)
    page.add_init_script(WATCH)
    page.goto(link)
    page.get_by_role("button", name="I agree and take part").click()
    page.get_by_role("button", name="Start the practice").click()
    errors = Errors([], [])
    for number in range(trials):
        by_key = number % 2 == 1
        error = answer_and_measure(page, wait_ms=rng.uniform(250, 700), by_key=by_key)
        (errors.keys if by_key else errors.events).append(-error)
        proceed = page.locator("#continue")
        if proceed.count():
            proceed.click()
        page.locator(".answer[data-chosen]").wait_for(state="detached")
    return errors


def distribution(errors: Sequence[float]) -> Distribution:
    """What of the errors is reported."""
    sizes = sorted(abs(error) for error in errors)
    return Distribution(
        trials=len(sizes),
        median_ms=round(statistics.median(sizes), 2),
        p95_ms=round(sizes[min(len(sizes) - 1, int(0.95 * len(sizes)))], 2),
        max_ms=round(sizes[-1], 2),
        signed_median_ms=round(statistics.median(errors), 2),
    )


def table(errors: Errors) -> str:
    """Both distributions, a line each."""
    lines = ["error of the reaction time     trials  median     p95     max  signed median (ms)"]
    for name, listed in (("events made in the page", errors.events), ("keys through the browser", errors.keys)):
        one = distribution(listed)
        lines.append(
            f"{name:<30} {one.trials:>6} {one.median_ms:>7.2f} {one.p95_ms:>7.2f} {one.max_ms:>7.2f}"
            f" {one.signed_median_ms:>14.2f}"
        )
    return "\n".join(lines)


@contextmanager
def served_study() -> Iterator[str]:
    """The link of a small study that is served by an installation of its own."""
    with tempfile.TemporaryDirectory(prefix="quiddity-benchmark-") as folder:
        Path(folder).chmod(0o755)  # the embedded server runs as a user of its own when this runs as root
        os.environ.update(QUIDDITY_DATA=folder, DJANGO_SETTINGS_MODULE="studyapp.settings")
        os.environ.pop("DATABASE_URL", None)
        import django

        django.setup()
        from django.contrib.staticfiles.handlers import StaticFilesHandler
        from django.core.management import call_command
        from django.test.testcases import LiveServerThread

        from tests.studyapp.world import make_study, protocol_text

        call_command("migrate", verbosity=0)
        study = make_study(protocol_text(features=TRIALS_OF_A_SESSION - 2, references=4))
        thread = LiveServerThread("localhost", StaticFilesHandler)
        thread.daemon = True
        thread.start()
        thread.is_ready.wait()
        yield f"http://localhost:{thread.port}/s/{study.slug}/"
        thread.terminate()


def measure(browser: Browser, link: str, *, trials: int) -> Errors:
    """So many trials, in as many sessions as they take."""
    errors = Errors([], [])
    for seed in range(max(1, trials // TRIALS_OF_A_SESSION)):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        taken = take_session(context.new_page(), link, trials=TRIALS_OF_A_SESSION, seed=seed)
        context.close()
        errors.events.extend(taken.events)
        errors.keys.extend(taken.keys)
    return errors


def main() -> None:
    """Measure, print, and end with one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=80, help="how many, rounded down to whole sessions of 8")
    options = parser.parse_args()
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright runs an event loop in this thread
    from tests import chromium

    with served_study() as link, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.arguments())
        errors = measure(browser, link, trials=options.trials)
        version = browser.version
        browser.close()
    print(f"Chromium {version}")
    print(table(errors))
    print(
        json.dumps(
            {
                "chromium": version,
                "events": asdict(distribution(errors.events)),
                "keys": asdict(distribution(errors.keys)),
            }
        )
    )


if __name__ == "__main__":
    main()

"""The error of our reaction times, against answers whose time is known; ``-s`` prints its distribution.

Medians only: of a few trials the worst say more about what else the machine does. benchmarks/reaction_time.py measures
the same, and its tails, on more trials.
"""

from collections.abc import Callable

from benchmarks.reaction_time import distribution, table, take_session
from studyapp.models import Response, Study
from tests.studyapp.visitor import Visitor


def test_the_median_reaction_time_is_true_within_two_frames(live_study: Study, visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    errors = take_session(visitor.page, f"{visitor.address}/s/{live_study.slug}/", trials=6, seed=1)
    print(f"\n{table(errors)}")  # noqa: T201
    assert distribution(errors.events).median_ms < 2 * 1000 / 60
    assert distribution(errors.keys).median_ms < 2 * 1000 / 60
    visitor.page.locator("#completion-code").wait_for()
    assert all(250 <= one.rt_ms < 5000 for one in Response.objects.all())

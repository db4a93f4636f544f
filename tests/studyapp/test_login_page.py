"""The page on which researchers log in."""

from collections.abc import Callable

from tests.studyapp.visitor import Visitor


def test_it_is_accessible_and_has_a_heading(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.page.goto(f"{visitor.address}/admin/login/")
    assert visitor.page.get_by_role("heading", level=1).all_inner_texts() == ["Log in"]
    visitor.assert_accessible()

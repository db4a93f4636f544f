"""The page on which researchers log in."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.studyapp.visitor import Visitor


def test_it_is_accessible_and_says_what_was_wrong_in_the_projects_own_style(
    db: None, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    visitor.page.goto(f"{visitor.address}/admin/login/")
    assert visitor.page.get_by_role("heading", level=1).all_inner_texts() == ["Log in"]
    visitor.assert_accessible()
    sheets = visitor.page.locator('link[rel="stylesheet"]').evaluate_all("links => links.map(link => link.pathname)")
    assert len(sheets) == 1  # the project's own, not the admin's
    visitor.page.get_by_label("Username").fill("nobody")
    visitor.page.get_by_label("Password").fill("wrong")
    visitor.page.get_by_role("button", name="Log in").click()
    expect(visitor.page.get_by_role("alert")).to_contain_text("correct username and password")
    visitor.assert_accessible()

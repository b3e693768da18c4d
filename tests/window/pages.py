"""What tests of every page ask of it."""

from playwright.sync_api import Page


def heard(page: Page, condition: str, arg: object = None) -> None:
    """Wait until the page's facts say so and all of it is drawn, which is a frame later."""
    page.wait_for_function(condition, arg=arg)
    page.evaluate("() => Studio.core.flush()")

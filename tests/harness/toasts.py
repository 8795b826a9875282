"""The short messages at the foot of a window's page."""

from playwright.sync_api import Page


def hold(page: Page, said: str) -> None:
    """Point at this message, for what it tells may take long: they stay while somebody does."""
    page.locator(".toast", has_text=said).last.hover()


def undo(page: Page, said: str) -> None:
    """Take back what this message tells of.

    Several may stand there at once, and what is done may be seen before its message comes: the
    newest one that there is may be that of something done before.
    """
    page.locator(".toast", has_text=said).last.get_by_role("button", name="Undo").click()

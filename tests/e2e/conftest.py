"""Every walk is `real`: it runs the app as a user does, with real parts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.harness import chromium

HERE = Path(__file__).parent
expect.set_options(timeout=30_000)  # of a busy machine; what is there is found at once


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.real)


@pytest.fixture(autouse=True, scope="module")
def _the_browser_ends_with_its_file() -> Iterator[None]:
    """Where there was one."""
    yield
    chromium.end()

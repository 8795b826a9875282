"""Every walk is `real`: it runs the app as a user does, with real parts."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

HERE = Path(__file__).parent
expect.set_options(timeout=30_000)  # of a busy machine; what is there is found at once


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.real)

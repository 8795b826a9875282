"""A home for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.research.house import House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Empty."""
    made = House(tmp_path)
    yield made
    await made.close()

"""A studio that runs already, which the tests did not start: an installed package, a container."""

import os
from typing import Any

import httpx
import pytest

from tests.harness.studio import StudioServer

URL = os.environ.get("VLLM_STUDIO_CONFORMANCE_URL", "").rstrip("/") or None
OWNER = os.environ.get("VLLM_STUDIO_CONFORMANCE_OWNER", "")


class Elsewhere(StudioServer):
    """Driven over HTTP alone: it is neither started nor stopped, and its files are its own."""

    def __init__(self, url: str, owner: str) -> None:
        self.url, self.v1 = url, f"{url}/v1"
        self.port = httpx.URL(url).port or 80
        self.http = httpx.Client(base_url=url, timeout=60)
        self._owner = owner

    def owner(self, actor: str = "cli") -> dict[str, str]:
        """Headers that prove the machine's owner."""
        return {"x-studio-owner": self._owner, "x-studio-actor": actor}

    def close(self) -> None:
        """It goes on without us."""
        self.http.close()

    def erase_conversations(self) -> None:
        """They are its own: no case makes any."""

    def __getattr__(self, name: str) -> Any:
        """What only an app of our own has: its home, its environment, its process."""
        pytest.skip(f"needs `{name}` of an app of its own, and this one runs elsewhere")

"""The pin: one version with hashes, and nothing in it that may not be shipped."""

import re

from core.runtimes.catalogue import OFFERS
from core.runtimes.lock import lock_path
from tests.harness import runtimes

PROPRIETARY = "litellm-enterprise"


def test_the_pinned_version_is_locked_with_hashes() -> None:
    """Everything it holds, each distribution at one version."""
    text = lock_path("litellm").read_text()
    assert f"\nlitellm=={OFFERS['litellm'].version} \\\n" in text
    entries = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]
    assert len(entries) > 50
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_proprietary_part_is_neither_locked_nor_installed(litellm_runtime: None) -> None:
    """The proxy starts without it: every other test here ran on this very runtime."""
    assert PROPRIETARY not in re.findall(
        r"^([a-z0-9.-]+)==", lock_path("litellm").read_text(), re.MULTILINE
    )
    installed = runtimes.installed("litellm")
    assert installed.version == OFFERS["litellm"].version
    names = {path.name.lower() for path in installed.path.rglob("*.dist-info")}
    assert any(name.startswith("litellm-") for name in names)
    assert not [name for name in names if name.startswith("litellm_enterprise")]

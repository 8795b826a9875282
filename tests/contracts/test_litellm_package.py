"""The pin: one version with hashes, nothing in it that may not be shipped, and its own words."""

import json
import re
import subprocess

from core.runtimes.catalogue import OFFERS
from core.runtimes.lock import lock_path
from core.steering import steers
from tests.harness import runtimes

PROPRIETARY = "litellm-enterprise"


def test_the_pinned_version_is_locked_with_hashes() -> None:
    """Everything it holds, each distribution at one version."""
    text = lock_path("litellm").read_text()
    assert f"\nlitellm=={OFFERS['litellm'].version} \\\n" in text
    entries = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]
    assert len(entries) > 50
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


OWN_WORDS = """
import json
from litellm.proxy.auth.auth_utils import _BANNED_REQUEST_BODY_PARAMS
from litellm.types.utils import all_litellm_params
print(json.dumps(sorted(set(all_litellm_params) - set(_BANNED_REQUEST_BODY_PARAMS))))
"""
HARMLESS = {  # LiteLLM's words too, and other people's: here they change nothing
    "client_id",  # of Azure, which is no provider here
    "id",  # programs number their conversations with it
    "metadata",  # OpenAI's and Anthropic's own
    "order", "tags", "ttl", "verbose", "weight",  # of deployments alone, or of spend
    "tenant_id",  # of Azure
}  # fmt: skip


def test_no_word_of_its_own_gets_there_in_a_body(litellm_runtime: None) -> None:
    """What it takes from a body before its configuration, and does not refuse itself."""
    python = runtimes.installed("litellm").path / "bin" / "python"
    told = subprocess.run(
        [python, "-c", OWN_WORDS], capture_output=True, text=True, timeout=300, check=True
    )
    words = json.loads(told.stdout.splitlines()[-1])
    assert "ssl_verify" in words
    assert {word for word in words if not steers(word)} == HARMLESS


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

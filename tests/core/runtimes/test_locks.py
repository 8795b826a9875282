"""The lock files are what they promise: whole, hashed, and free of what must stay out."""

import re

import pytest

from core.runtimes.catalogue import OFFERS, Offer
from core.runtimes.lock import lock_path

LOCKED = [offer for offer in OFFERS.values() if offer.locked]
each = pytest.mark.parametrize("offer", LOCKED, ids=lambda offer: offer.kind)


def requirements(offer: Offer) -> dict[str, str]:
    """Name → the requirement with its hashes, as one line."""
    text = lock_path(offer.kind).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {re.split(r"[=\[ ;]", line, maxsplit=1)[0]: line for line in lines}


@each
def test_everything_is_pinned_and_hashed(offer: Offer) -> None:
    """Nothing is installed that is not exactly this file."""
    for line in requirements(offer).values():
        assert re.match(r"^[a-z0-9._-]+==[^ ]+( ;.*?)?( +--hash=sha256:[0-9a-f]{64})+$", line), line


@each
def test_the_offered_version_is_the_locked_one(offer: Offer) -> None:
    """The catalogue and the lock speak of the same version."""
    assert requirements(offer)[offer.kind].startswith(f"{offer.kind}=={offer.version} ")


@each
def test_what_must_stay_out_is_out(offer: Offer) -> None:
    """No proprietary package in the gateway, no CUDA in an engine for the CPU."""
    names = set(requirements(offer))
    assert names.isdisjoint(offer.excluded)
    assert not [name for name in names if name.startswith(("nvidia-", "cuda-"))]


@each
def test_a_lock_names_no_index(offer: Offer) -> None:
    """Which index serves the files is the user's own uv configuration."""
    text = lock_path(offer.kind).read_text()
    assert "://" not in text
    assert not re.search(r"^--", text, re.MULTILINE)


def test_the_gateway_is_locked_without_its_proprietary_part() -> None:
    """litellm-enterprise may not be used in production without a licence."""
    assert OFFERS["litellm"].excluded == ("litellm-enterprise",)


@each
def test_torch_brings_what_it_needs(offer: Offer) -> None:
    """torch is installed without dependencies, so the lock must hold them."""
    if offer.torch:
        assert {"sympy", "networkx", "jinja2", "fsspec", "filelock"} <= set(requirements(offer))

"""What can be asked for, and what is refused with a reason."""

import pytest

from core.errors import Invalid
from core.runtimes.catalogue import offer_for, requirements_of, runtime_id


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    """Whoever mistypes a kind reads which there are."""
    with pytest.raises(Invalid, match="vllm-cpu"):
        offer_for("vlmm")


def test_a_locked_kind_has_one_version() -> None:
    """A version without hashes is not installed by accident."""
    with pytest.raises(Invalid) as refusal:
        offer_for("litellm", "1.82.7")
    assert refusal.value.field == "version"


def test_an_engine_for_gpus_can_be_asked_for_in_another_version() -> None:
    """vLLM's version is the user's choice; it reaches the requirement and the id."""
    offer = offer_for("vllm", "0.31.1")
    assert requirements_of(offer)[0] == "vllm==0.31.1"
    assert runtime_id(offer) == "vllm-0.31.1"


@pytest.mark.parametrize("version", ["0.1 --index-url x", "../../etc", "1.0;evil", ""])
def test_a_version_is_a_version(version: str) -> None:
    """What reaches a command line and a folder's name is a version and nothing else."""
    with pytest.raises(Invalid):
        offer_for("vllm", version)

"""What fits, what does not, and what would."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from core.fit.estimate import unknown
from core.fit.number_formats import GIB
from core.fit.remedies import with_remedies
from core.fit.verdict import Fits, Unknown, WillNotFit, judge, refusal
from tests.core.fit.machines import known, machine, recipe, verdict
from tests.core.fit.models import LLAMA_3_8B, MIXTRAL_8X7B, QWEN3_32B, files, mixtral

LLAMA = files(LLAMA_3_8B)
LONG = files({**LLAMA_3_8B, "max_position_embeddings": 131072})  # Llama 3.1
QWEN = files(QWEN3_32B)
MIXTRAL = files(MIXTRAL_8X7B, mixtral())


def remedies(found: object) -> dict[str, Any]:
    """The proposals by the fields they set."""
    assert isinstance(found, WillNotFit)
    return {",".join(remedy.patch): tuple(remedy.patch.values()) for remedy in found.remedies}


def test_what_fits_fits_without_a_word() -> None:
    """Llama 3 8B on a 24 GiB card."""
    assert verdict(LLAMA, machine(24)) == Fits()


def test_a_context_that_is_too_long_is_lowered_to_the_longest_that_fits() -> None:
    """Llama 3.1's 128k tokens are 16 GiB; the next step of 1024 would not fit any more."""
    found = verdict(LONG, machine(24))
    length = remedies(found)["context_length"][0]
    assert length % 1024 == 0
    assert isinstance(judge(_with(LONG, context_length=length), machine(24)), Fits)
    assert isinstance(judge(_with(LONG, context_length=length + 1024), machine(24)), WillNotFit)
    assert 32768 < length < 65536


def _with(model: Any, **fields: Any) -> Any:
    return known(model, machine(24), recipe(**fields))


def test_the_refusal_is_a_sentence_with_a_next_action() -> None:
    """In GiB, naming the device and the field."""
    found = verdict(LONG, machine(24))
    assert isinstance(found, WillNotFit)
    refused = refusal("llama", found)
    assert refused.code == "does-not-fit"
    assert "of GPU 0 it needs 31." in refused.message
    assert "22.1 GiB may be used (memory_fraction 0.92)" in refused.message
    assert refused.next_action.startswith("Lower context_length to ")
    assert " of 22.1 GiB." in refused.next_action


def test_more_gpus_are_proposed_only_when_they_are_there() -> None:
    """A divisor of the heads."""
    assert "tensor_parallel" not in remedies(verdict(QWEN, machine(48)))
    assert remedies(verdict(QWEN, machine(48, 48, 48)))["tensor_parallel"] == (2,)


def test_compressing_is_proposed_in_the_engines_own_word() -> None:
    """vLLM no longer takes "fp8" for weights that are not stored so."""
    asked = recipe(context_length=8192)
    assert remedies(verdict(QWEN, machine(48), asked))["quantization"] == ("fp8_per_tensor",)
    by_sglang = recipe(engine="sglang", context_length=8192)
    assert remedies(verdict(QWEN, machine(48), by_sglang, "sglang"))["quantization"] == ("fp8",)


def test_when_no_change_is_enough_several_are_put_together() -> None:
    """Qwen3 32B on 36 GiB: FP8 weights, and a shorter context beside them."""
    found = verdict(QWEN, machine(36, memory=16))
    assert isinstance(found, WillNotFit)
    (together,) = found.remedies
    assert {"quantization", "context_length"} <= set(together.patch)


def test_a_model_that_is_far_too_large_has_no_remedy() -> None:
    """And the refusal says so."""
    found = verdict(MIXTRAL, machine(12, memory=16))
    assert isinstance(found, WillNotFit)
    assert found.remedies == ()
    assert refusal("m", found).next_action == "Choose a smaller model."


def test_a_small_fraction_is_raised() -> None:
    """Where the card has the room."""
    found = verdict(LLAMA, machine(24), recipe(memory_fraction=0.5))
    (raised,) = remedies(found)["memory_fraction"]
    assert 0.65 < raised < 0.75


def test_a_cache_that_holds_no_request_is_enlarged() -> None:
    """On the CPU the cache has the size that the recipe gives it."""
    asked = recipe(kv_cache_gib=1.0)
    found = verdict(LONG, machine(memory=64), asked, "vllm-cpu")
    assert isinstance(found, WillNotFit)
    assert "a request of 131072 tokens needs 16.0 GiB of KV cache" in found.why
    assert remedies(found) == {"kv_cache_gib": (16.0,), "context_length": (8192,)}


def test_main_memory_can_be_too_small_too() -> None:
    """15 GiB of weights on 8."""
    found = verdict(LLAMA, machine(memory=8), recipe(), "vllm-cpu")
    assert isinstance(found, WillNotFit)
    assert found.device == "host"
    assert found.short_by > 6 * GIB


def test_what_other_programs_hold_refuses_nothing() -> None:
    """They may be gone in a second; it is said."""
    found = verdict(LLAMA, machine(24, held=4))
    assert isinstance(found, Fits)
    assert found.doubt == "other programs hold 4.0 GiB of GPU 0; close them first"


def test_when_only_a_guess_decides_it_is_said_and_allowed() -> None:
    """Between the least and the usual."""
    model, asked = LLAMA, recipe(memory_fraction=0.92)
    sizes = [s / 10 for s in range(170, 260)]
    doubts = [verdict(model, machine(size), asked) for size in sizes]
    doubtful = [one for one in doubts if isinstance(one, Fits) and one.doubt]
    assert doubtful
    assert "may fail to start" in doubtful[0].doubt


def test_what_is_unknown_refuses_nothing() -> None:
    """Also GPUs that this machine does not have: they may be on another one."""
    assert judge(unknown("x"), machine(24)) == Unknown(why="x")
    asked = recipe(tensor_parallel=8)
    assert isinstance(judge(known(LLAMA, machine(24), asked), machine(24)), Unknown)


def test_what_has_answered_before_is_never_refused() -> None:
    """However much the estimate thinks it needs."""
    found = known(LONG, machine(24))
    (load,) = found.gpus
    proven = msgspec.structs.replace(load, proven=22 * GIB)
    found = msgspec.structs.replace(found, source="measured", gpus=(proven,))
    assert isinstance(judge(found, machine(24)), Fits)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([LLAMA, LONG, QWEN, MIXTRAL]),
    st.sampled_from(["vllm", "sglang", "vllm-cpu"]),
    st.lists(st.integers(6, 96), min_size=1, max_size=4),
    st.integers(8, 256),
    st.sampled_from([None, 2048, 32768]),
    st.sampled_from([None, 0.4, 0.95]),
)
def test_every_remedy_really_fits(
    model: Any,
    engine: str,
    gpus: list[int],
    memory: int,
    context: int | None,
    fraction: float | None,
) -> None:
    """It is the recipe with the patch that is estimated, and nothing else."""
    capacity = machine(*([] if engine == "vllm-cpu" else gpus), memory=memory)
    asked = recipe(context_length=context, memory_fraction=fraction)

    def again(changed: Any) -> Any:
        return known(model, capacity, changed, engine)

    found = with_remedies(asked, again(asked), capacity, again, heads=model.architecture.heads)
    if isinstance(found, WillNotFit):
        for remedy in found.remedies:
            changed = msgspec.structs.replace(asked, **remedy.patch)
            assert isinstance(judge(again(changed), capacity), Fits)
            assert remedy.needs <= remedy.allowed

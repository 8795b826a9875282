"""What to ask an engine so that it sleeps and wakes, by kind. Values only: nothing is sent here.

vLLM takes the level as a *query parameter* and ignores one in the body. A sleep at level 2 needs
the weights reloaded, and what was cached before they were must not be used.
SGLang settles at its launch whether it keeps the weights; its tags are what to free and take back.
"""

from typing import Any

import msgspec


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """One POST."""

    path: str
    body: dict[str, Any] | None = None

    @property
    def encoded(self) -> bytes:
        """The body as bytes; empty when there is none."""
        return msgspec.json.encode(self.body) if self.body is not None else b""


SGLANG_TAGS = {"tags": ["weights", "kv_cache"]}
COUNTS = (
    "vllm:num_requests_running",
    "vllm:num_requests_waiting",
    "sglang:num_running_reqs",
    "sglang:num_queue_reqs",
)


def to_sleep(kind: str, level: int) -> tuple[Post, ...]:
    """What puts it to sleep."""
    if kind == "sglang":
        return (Post(path="/release_memory_occupation", body=SGLANG_TAGS),)
    return (Post(path=f"/sleep?level={level}"),)


def to_wake(kind: str, level: int, model: str) -> tuple[Post, ...]:
    """What wakes it, in this order; only after the last may it be asked anything."""
    if kind == "sglang":
        reload = Post(path="/update_weights_from_disk", body={"model_path": model})
        resume = Post(path="/resume_memory_occupation", body=SGLANG_TAGS)
        flush = Post(path="/flush_cache")
        return (resume, *((reload,) if level == 2 else ()), flush)
    reload = Post(path="/collective_rpc", body={"method": "reload_weights"})
    return (
        Post(path="/wake_up"),
        *((reload,) if level == 2 else ()),
        Post(path="/reset_prefix_cache"),
    )


def in_flight(metrics: str) -> int:
    """How many requests it works on or holds, by its own count; 0 when it does not tell."""
    total = 0.0
    for line in metrics.splitlines():
        if line.startswith(COUNTS):
            try:
                total += float(line.rsplit(" ", 1)[1])
            except (IndexError, ValueError):
                continue
    return round(total)

"""What a loading engine's log lines tell, and how seldom it is repeated."""

import pytest

from core.engines.progress import Progress, Step, read_line


@pytest.mark.parametrize(
    ("line", "phase", "percent"),
    [
        ("(APIServer pid=1) INFO 11-23 [api_utils.py:286] non-default args: {}", "starting", None),
        (
            "(EngineCore pid=2) INFO [core.py:133] Initializing a V1 LLM engine (v0.32.0) with",
            "starting the engine core",
            None,
        ),
        ("INFO [monitor.py:34] torch.compile takes 3.21 s in total", "compiling", None),
        ("CPU KV cache size: 1,048,576 tokens, Maximum concurrency", "profiling memory", None),
        ("(APIServer pid=1) INFO [api.py:1] vLLM API server version 0.32.0", "starting", None),
        ("INFO [gpu_model_runner.py:2602] Starting to load model /m...", "loading weights", None),
        (
            "Loading safetensors checkpoint shards:  45% Completed | 5/11 [00:02<00:02]",
            "loading weights",
            45.0,
        ),
        ("Loading weights took 0.42 seconds", "loading weights", 100.0),
        ("[2026-11-23 TP0] Load weight begin. avail mem=23.00 GB", "loading weights", None),
        ("Using cache directory: /c for vLLM's torch.compile", "compiling", None),
        ("Available KV cache memory: 10.00 GiB", "profiling memory", None),
        ("GPU KV cache size: 130,000 tokens", "profiling memory", None),
        (
            "Capturing CUDA graphs (mixed prefill-decode, PIECEWISE):  50%|##| 33/67",
            "capturing graphs",
            50.0,
        ),
        ("Capture cuda graph begin. This can take up to minutes.", "capturing graphs", None),
        ("INFO:     Application startup complete.", "warming up", None),
        ("The server is fired up and ready to roll!", "warming up", None),
        ("Fetching 12 files:  25%|##  | 3/12", "downloading", 25.0),
    ],
)
def test_a_real_line_tells_a_phase(line: str, phase: str, percent: float | None) -> None:
    """Lines as vLLM, SGLang and the hub print them."""
    assert read_line(line) == Step(phase=phase, percent=percent)


ENFORCE_EAGER = (
    "(APIServer pid=6460) WARNING 11-23 16:43:35 [vllm.py:1703] Enforce eager set, disabling "
    "torch.compile, CUDAGraphs, and JIT kernel warmup."
)


@pytest.mark.parametrize(
    "line", ["", "hello", 'GET /health HTTP/1.1" 200 OK', "50%", ENFORCE_EAGER]
)
def test_other_lines_tell_nothing(line: str) -> None:
    """A percentage alone is no progress, nor is a warning about what will not be done."""
    assert read_line(line) is None


def weights(percent: int) -> str:
    """A line of the weights' progress bar."""
    return f"Loading safetensors checkpoint shards: {percent}% Completed | 1/2"


def test_a_new_phase_is_told_at_once() -> None:
    """Whatever the time."""
    progress = Progress()
    told = progress.feed([weights(0), "Available KV cache memory: 1 GiB"], now=0.0)
    assert [step.phase for step in told] == ["loading weights", "profiling memory"]


def test_small_or_quick_steps_are_not_told() -> None:
    """At least 5 % and a second apart."""
    progress = Progress()
    progress.feed([weights(0)], now=0.0)
    assert progress.feed([weights(50)], now=0.5) == []
    assert progress.feed([weights(4)], now=5.0) == []
    assert progress.feed([weights(60)], now=6.0) == [Step(phase="loading weights", percent=60.0)]
    assert progress.feed([weights(61)], now=9.0) == []


def test_an_earlier_phase_never_comes_back() -> None:
    """Several processes of one engine log at once; the picture only goes forward."""
    progress = Progress()
    progress.feed(["Available KV cache memory: 1 GiB"], now=0.0)
    assert progress.feed([weights(10)], now=10.0) == []


def test_it_moves_although_nothing_is_told() -> None:
    """A load timeout counts from the last step of any size, not from the last told one."""
    progress = Progress()
    progress.feed([weights(0)], now=1.0)
    progress.feed([weights(1)], now=2.0)
    assert progress.moved_at == 2.0
    progress.feed([weights(1), "noise"], now=3.0)
    assert progress.moved_at == 2.0

"""What a loading engine's log lines tell, and how seldom it is repeated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engines.load_plan import Plan, typical
from core.engines.progress import Progress, Step, read_line

LINES = (
    "vLLM API server version 0.32.0",
    "Fetching 12 files:  25%|##  | 3/12",
    "Loading safetensors checkpoint shards: 10% Completed | 1/9",
    "Loading safetensors checkpoint shards: 90% Completed | 8/9",
    "Loading drafter model...",
    "Starting torch.compile",
    "Available KV cache memory: 1.00 GiB",
    "Capturing batches (bs=1): 50%|#| 1/2",
    "INFO:     Application startup complete.",
    "nothing of interest",
)


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
        ("model-00001-of-00004.safetensors:  45%|####5 | 2.2G/4.9G", "downloading", 45.0),
        ("Multi-thread loading shards:  40% Completed | 2/5", "loading weights", 40.0),
        ("Loading fastsafetensors checkpoint shards:  20% Completed", "loading weights", 20.0),
        ("Loading safetensors using Runai Model Streamer:  60% Completed", "loading weights", 60.0),
        (
            "INFO [weight_utils.py:803] Prefetching checkpoint files: 10% (1/1)",
            "loading weights",
            None,
        ),
        (
            "INFO [model_runner.py:425] Model loading took 13.5 GiB memory and 54.145678 seconds",
            "loading weights",
            None,
        ),
        ("INFO [monitor.py:40] Starting torch.compile", "compiling", None),
        ("INFO [backends.py:1167] Dynamo bytecode transform time: 8.52 s", "compiling", None),
        ("INFO [decorators.py:320] Directly load AOT compilation from path /c", "compiling", None),
        (
            "INFO [cpu_model_runner.py:87] Warming up model for the compilation...",
            "compiling",
            None,
        ),
        (
            "INFO [gpu_model_runner.py:6369] Profiling CUDA graph memory: PIECEWISE=51",
            "profiling memory",
            None,
        ),
        ("flashinfer.jit: [Autotuner]: Autotuning process starts ...", "tuning kernels", None),
        (
            "Capturing batches (bs=1 avail_mem=11.18 GB): 100%|####| 36/36",
            "capturing graphs",
            100.0,
        ),
        (
            "[2025-11-10 TP0] Capture cuda graph end. Time elapsed: 11.39 s.",
            "capturing graphs",
            100.0,
        ),
        (
            "[2026-01-30 PP1] Load weight end. elapsed=6.21 s, type=Qwen3ForCausalLM",
            "loading weights",
            100.0,
        ),
        ("Loading weights:  46%|####6     | 12/26 [00:00<00:00]", "loading weights", 46.0),
        (
            "load_tensors: loading model tensors, this can take a while... (mmap = true)",
            "loading weights",
            None,
        ),
        ("llama_kv_cache: size =  512.00 MiB", "profiling memory", None),
        ("common_init_from_params: warming up the model with an empty run", "warming up", None),
        ("main: server is listening on http://127.0.0.1:8080", "warming up", None),
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


# The whole load

PLAN = Plan(
    phases=(("launching", 10.0), ("loading weights", 30.0), ("capturing graphs", 10.0)),
    from_experience=True,
)


def at(progress: Progress, now: float) -> tuple[int, int]:
    """Percent and seconds left, rounded."""
    made = progress.estimate(now)
    return round(made.percent), round(made.eta_s or 0)


def test_the_percentage_is_that_of_the_whole_load() -> None:
    """It does not begin anew with a phase: half of the weights is half of their share."""
    progress = Progress(PLAN)
    assert at(progress, 0.0) == (0, 50)
    progress.feed([weights(0)], now=10.0)
    assert at(progress, 10.0) == (20, 40)
    progress.feed([weights(50)], now=25.0)
    assert at(progress, 25.0) == (50, 25)
    progress.feed(["Capturing batches (bs=1): 50%|#| 1/2"], now=40.0)
    assert progress.estimate(40.0).phase == "capturing graphs"
    assert progress.estimate(40.0).percent == pytest.approx(90.0)


def test_its_own_speed_counts_the_more_the_further_it_is() -> None:
    """Twice as slow as usual: half way, what remains is between both guesses."""
    progress = Progress(PLAN)
    progress.feed([weights(0)], now=10.0)
    progress.feed([weights(50)], now=40.0)
    left = (progress.estimate(40.0).eta_s or 0.0) - 10.0
    assert 15.0 < left < 30.0


def test_the_time_left_is_never_nothing_and_late_is_said() -> None:
    """A phase that does not end keeps a guess above zero, and from a point on says it is late."""
    progress = Progress(PLAN)
    told = [progress.estimate(float(now)) for now in range(300)]
    assert all(made.eta_s is not None and made.eta_s >= 0.5 for made in told)
    assert not told[50].late
    assert told[299].late
    assert all(made.percent < 100.0 for made in told)


def test_without_experience_nobody_knows_how_long_it_takes() -> None:
    """The percentage is a guess by the engine's kind; seconds would be a lie."""
    progress = Progress(typical("vllm"))
    progress.feed([weights(50)], now=30.0)
    made = progress.estimate(30.0)
    assert made.eta_s is None
    assert not progress.estimate(9999.0).late
    assert 20.0 < made.percent < 80.0


def test_a_warm_start_follows_its_own_plan() -> None:
    """From the moment it is known how it was started."""
    progress = Progress(PLAN)
    progress.follow(Plan(phases=(("launching", 1.0),), from_experience=True), 5.0)
    assert progress.estimate(5.0).eta_s == 1.0


@given(st.lists(st.tuples(st.sampled_from(LINES), st.floats(0.01, 30.0)), max_size=40))
def test_the_percentage_never_falls(steps: list[tuple[str, float]]) -> None:
    """Whatever is logged, in whatever order, and however long it takes."""
    progress, now, before = Progress(PLAN), 0.0, 0.0
    for line, seconds in steps:
        now += seconds
        progress.feed([line], now)
        made = progress.estimate(now)
        assert before <= made.percent < 100.0
        assert made.eta_s is not None and made.eta_s > 0.0  # noqa: PT018
        before = made.percent

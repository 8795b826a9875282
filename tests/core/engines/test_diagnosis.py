"""Real failure texts, and what they must be told as."""

import pytest

from core.engines.diagnosis import LONGEST_SHOWN, SHOWN_LINES, diagnose
from core.engines.failures import KNOWN, hopeless
from core.engines.failures.moment import MOMENTS
from core.recipes.recipe import Recipe
from tests.core.engines.failure_texts import TEXTS


@pytest.mark.parametrize(("code", "word", "line"), TEXTS, ids=[t[2][:40] for t in TEXTS])
def test_a_real_text_is_recognised(code: str, word: str, line: str) -> None:
    """Its code, a telling sentence, a next action, and the line itself as proof."""
    failure = diagnose(["INFO starting", line, "INFO stopping"], 1)
    assert failure.code == code
    assert word in f"{failure.reason} {failure.next_action}"
    assert failure.next_action
    assert line.strip()[:LONGEST_SHOWN] in failure.lines


def test_every_known_failure_has_a_real_text() -> None:
    """A row of the table without a text that it recognises fails here."""
    assert {row.code for row in KNOWN} == {code for code, _, _ in TEXTS}


def test_the_cause_is_told_and_not_the_last_complaint() -> None:
    """vLLM's last line says only that there was a cause."""
    lines = [
        "(EngineCore pid=9) torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1 GiB.",
        "RuntimeError: Engine core initialization failed. See root cause above.",
    ]
    assert diagnose(lines, 1).code == "gpu-out-of-memory"


def test_harmless_lines_are_no_diagnosis() -> None:
    """A log of a good start matches no row."""
    lines = [
        "(APIServer pid=6460) WARNING 11-23 16:43:04 [system_utils.py:255] Found ulimit of 20000 "
        "and failed to automatically increase. This can cause fd limit errors like `OSError: "
        "[Errno 24] Too many open files`. Consider increasing with ulimit -n",
        "/x/api_server.py:24: DeprecationWarning: `No module named 'y'` is deprecated",
        "INFO Initializing a V1 LLM engine with config: trust_remote_code=True, dtype=bfloat16",
        "INFO [cuda.py:1] GPU compute capability 8.6, driver 570",
        "INFO:     127.0.0.1:1 - GET /health HTTP/1.1 200 OK",
    ]
    assert diagnose(lines, 1).code == "unknown"


@pytest.mark.parametrize(
    ("exit_code", "code", "words"),
    [
        (-9, "killed-by-system", "memory"),
        (137, "killed-by-system", "memory"),
        (-4, "cpu-too-old", "processor"),
        (-11, "unknown", "SIGSEGV"),
        (0, "unknown", "exit code 0"),
        (3, "unknown", "exit code 3"),
        (None, "unknown", "ended"),
    ],
)
def test_without_a_text_the_exit_code_speaks(exit_code: int | None, code: str, words: str) -> None:
    """Code 0 is a failure like any other when nobody asked."""
    failure = diagnose([], exit_code)
    assert failure.code == code
    assert words in failure.reason
    assert failure.exit_code == exit_code


def test_the_decisive_lines_are_few_and_without_stack_frames() -> None:
    """What a person would quote, not the whole traceback."""
    frames = [f'  File "/x.py", line {n}, in f' for n in range(40)]
    failure = diagnose([*frames, "    ^^^^", "SomeError: it broke"], 1)
    assert failure.lines == ("SomeError: it broke",)
    many = diagnose([f"error {n}" for n in range(40)], 1)
    assert len(many.lines) == SHOWN_LINES


def test_stack_frames_behind_vllms_prefix_are_none_either() -> None:
    """Each line of its stacks carries who, when and where; the last words stay whole."""
    prefix = "(EngineCore pid=17) ERROR 11-24 16:46:02 [core.py:1510]"
    lines = [
        f'{prefix}   File "/v/errors.py", line 444, in get_error',
        f"{prefix}         ^^^^^^^^^^^^^^^",
        f"{prefix} RuntimeError: it broke",
    ]
    assert diagnose(lines, 1).lines == (lines[-1],)


def test_secrets_are_masked_everywhere() -> None:
    """Reason, next action and lines go into the log for ever."""
    failure = diagnose(
        ["error: unrecognized arguments: --api-key=sk-secret"],
        2,
        mask=lambda text: text.replace("sk-secret", "•••"),
    )
    assert "sk-secret" not in repr(failure)


OOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."


def frame(function: str) -> str:
    """A line of a stack."""
    return f'  File "/v/worker/gpu_model_runner.py", line 5, in {function}'


@pytest.mark.parametrize(
    ("before", "code"),
    [
        ([frame("load_model"), frame("__init__")], "gpu-out-of-memory-weights"),
        ([frame("initialize_kv_cache")], "gpu-out-of-memory-kv-cache"),
        ([frame("profile_run"), frame("_dummy_run")], "gpu-out-of-memory-profiling"),
        ([frame("capture_model"), frame("_dummy_run")], "gpu-out-of-memory-graphs"),
        (["Loading safetensors checkpoint shards:  45% Completed"], "gpu-out-of-memory-weights"),
        (["Available KV cache memory: 1.00 GiB"], "gpu-out-of-memory-kv-cache"),
        (["Capturing CUDA graphs (decode, FULL):  50%|#| 33/67"], "gpu-out-of-memory-graphs"),
        (["Capturing CUDA graphs:  50%", frame("load_model")], "gpu-out-of-memory-weights"),
        ([], "gpu-out-of-memory"),
    ],
)
def test_when_the_gpu_memory_ran_out_is_told(before: list[str], code: str) -> None:
    """Each moment has a cure of its own; the stack counts more than the last phase."""
    assert diagnose([*before, OOM], 1).code == code


def test_a_gpu_that_ran_out_while_serving_is_told_so() -> None:
    """Then no phase of loading is to blame."""
    assert diagnose([OOM], 1, was_ready=True).code == "gpu-out-of-memory-serving"


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("the estimated maximum model length is 60672. Try", {"context_length": 60672}),
        ("the estimated maximum model length is 10,240.", {"context_length": 10240}),
        (
            "max_model_len (9) is greater than the derived max_model_len (x=2048.0 or",
            {"context_length": 2048},
        ),
        ("CUDA out of memory occurred when warming up sampler with 256 dummy requests",
         {"max_sequences": 128}),
        ("Exception: Capture cuda graph failed: so it is", {"enforce_eager": True}),
        ("Unknown quantization method: nf5", {"quantization": None}),
        ("torch.bfloat16 is not supported for quantization method awq. Supported dtypes: "
         "[torch.float16]", {"dtype": "float16"}),
        ("OSError: [Errno 98] Address already in use", {}),
    ],
)  # fmt: skip
def test_a_remedy_is_a_change_of_the_recipe(line: str, remedy: dict[str, object]) -> None:
    """It names fields that a recipe has, with values of their type."""
    failure = diagnose([line], 1)
    assert failure.remedy == remedy
    assert set(failure.remedy) <= set(Recipe.__struct_fields__)


def test_every_remedy_names_fields_of_a_recipe() -> None:
    """In the table and among the moments."""
    patches = [row.remedy for row in KNOWN] + [moment.remedy for moment in MOMENTS]
    assert {field for patch in patches for field in patch} <= set(Recipe.__struct_fields__)


def test_the_kernels_word_beats_a_guess() -> None:
    """It killed a worker and the parent tells only that one died; or it killed nobody."""
    died = ["RuntimeError: Engine core initialization failed. See root cause above."]
    assert diagnose(died, 1, oom_killed=True).code == "killed-for-memory"
    assert diagnose(died, 1, oom_killed=False).code == "engine-core-died"
    assert diagnose([], -9, oom_killed=True).code == "killed-for-memory"
    assert "somebody" in diagnose([], -9, oom_killed=False).reason
    assert diagnose([OOM], -9, oom_killed=True).code == "gpu-out-of-memory"


@pytest.mark.parametrize(
    "code", ["bad-flag", "bad-parser", "model-missing", "architecture-unknown", "wrong-model"]
)
def test_what_stays_until_the_recipe_changes_is_hopeless(code: str) -> None:
    """Another try is wasted."""
    assert hopeless(code)


@pytest.mark.parametrize(
    "code",
    [
        "port-taken", "gpu-out-of-memory", "gpu-out-of-memory-weights", "context-too-long",
        "hub-unreachable", "killed-for-memory", "load-timeout", "unknown", "engine-core-died",
        "file-missing", "model-gated", "compiler-missing", "never heard of",
    ],
)  # fmt: skip
def test_what_may_pass_is_not_hopeless(code: str) -> None:
    """Nor is what nobody knows: an unknown failure gets its tries."""
    assert not hopeless(code)


def test_an_error_that_speaks_of_a_warning_is_an_error() -> None:
    """SGLang raises the sentence that it else logs as a warning; a warning stays harmless."""
    words = "User-specified context_length (9) is greater than the derived context_length (8)."
    assert diagnose([f"ValueError: Warning: {words}"], 1).code == "context-beyond-model"
    assert diagnose([f"[2026-11-23 TP0] Warning: {words}"], 1).code == "unknown"

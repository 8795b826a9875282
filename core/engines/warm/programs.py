"""Which programs may start warm, and what each imports: one row for each. No I/O.

The modules are those that a cold start imports before it knows its model, in the order in which
it imports them. A version that lacks one of them is served by the others.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

# Read when they are wanted and not while importing (a test watches the imports of real engines
# for them), so a spare may have been made under other values. CUDA_VISIBLE_DEVICES is not among
# them: what vLLM asks of "device 0" while importing is kept for later.
LAZY = frozenset({"VLLM_API_KEY", "VLLM_CPU_KVCACHE_SPACE", "HF_TOKEN"})
COLD_WORDS = ("--help", "--numa-bind")  # they change what importing, or spawning, does


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """An engine's entry and what to import for it."""

    entry: str  # the module after `-m`, or the name of a script beside the interpreter
    server: tuple[str, ...]
    children: tuple[str, ...] = ()


_VLLM_CORE = ("vllm.v1.engine.core", "vllm.v1.executor.multiproc_executor")
_VLLM_SERVER = (
    "vllm.entrypoints.launchers.api_server.entry",
    "vllm.entrypoints.launchers.api_server.app_state",
    "vllm.entrypoints.openai.responses.api_router",
)

PROGRAMS = (
    Program(
        entry="vllm.entrypoints.openai.api_server",
        server=("vllm.entrypoints.openai.api_server", *_VLLM_SERVER),
        children=("vllm.entrypoints.openai.api_server", *_VLLM_CORE),
    ),
    Program(
        entry="vllm",
        server=("vllm.entrypoints.cli.main", "vllm.entrypoints.cli.serve", *_VLLM_SERVER),
        children=("vllm.entrypoints.cli.main", *_VLLM_CORE),
    ),
    Program(
        entry="transformers.cli.transformers",
        server=(
            "transformers.cli.transformers",
            "transformers.cli.serving.server",
            "transformers.cli.serving.transcription",
            "transformers.models.auto.modeling_auto",
        ),
    ),
    Program(
        entry="sglang.launch_server",
        server=("sglang.srt.server_args", "sglang.srt.entrypoints.http_server"),
        children=("sglang.srt.entrypoints.http_server", "sglang.srt.managers.scheduler"),
    ),
)


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """A launch as far as it matters to a spare: what it imports, and under what."""

    python: str
    script: str | None = None  # what stands beside the interpreter; None: started with "-m"
    program: Program
    env: Mapping[str, str]
    cwd: str

    def same_imports(self, other: "Start") -> bool:
        """Whether importing for the one is importing for the other."""
        return (
            self.python == other.python
            and self.script == other.script
            and self.program.entry == other.program.entry
            and self.cwd == other.cwd
            and self.importing == other.importing
        )

    @property
    def importing(self) -> dict[str, str]:
        """The environment that importing can see."""
        return {name: value for name, value in self.env.items() if name not in LAZY}


def start_of(
    argv: Sequence[str],
    env: Mapping[str, str],
    cwd: Path,
    programs: Sequence[Program] = PROGRAMS,
) -> Start | None:
    """The start that this command is; None for one that only ever starts cold."""
    if not argv or any(word.startswith(COLD_WORDS) for word in argv):
        return None
    for program in programs:
        python = _python_of(argv, program)
        if python is not None:
            script = None if words_of(argv)[0] == "-m" else argv[0]
            return Start(python=python, script=script, program=program, env=dict(env), cwd=str(cwd))
    return None


def words_of(argv: Sequence[str]) -> tuple[str, ...]:
    """What stands after the interpreter: "-m" and a module, or a script, and its arguments."""
    return tuple(argv[1:]) if list(argv[1:2]) == ["-m"] else tuple(argv)


def _python_of(argv: Sequence[str], program: Program) -> str | None:
    """The interpreter: named itself, or the one beside the script in a virtualenv."""
    if len(argv) > 2 and argv[1] == "-m" and argv[2] == program.entry:
        return argv[0]
    script = Path(argv[0])
    if script.name == program.entry and script.is_absolute() and script.parent.name == "bin":
        return str(script.with_name("python"))
    return None

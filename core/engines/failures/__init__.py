"""The failures we know by their words: pattern, stable code, cause, and what to do next.

Texts are real: measured (vLLM 0.32 and SGLang 0.5.23 on the CPU), or as these projects and the
libraries below them print them. The most telling come first, because one failure prints many
errors and vLLM's last line ("Engine core initialization failed") tells the least. A wrong
diagnosis is worse than none: a pattern is the whole phrase that only this failure prints.
"""

from core.engines.failures.command_line import COMMAND_LINE
from core.engines.failures.compiling import COMPILING
from core.engines.failures.engine import ENGINE
from core.engines.failures.known import Known
from core.engines.failures.machine import MACHINE
from core.engines.failures.memory import MEMORY
from core.engines.failures.model import MODEL
from core.engines.failures.place import PLACE

__all__ = ["GENERIC", "KNOWN", "Known", "hopeless"]

KNOWN = COMMAND_LINE + MEMORY + MODEL + COMPILING + PLACE + MACHINE + ENGINE

GENERIC = frozenset({"engine-core-died"})  # says that something happened, not what

# Mended on the machine, in the runtime or at the model, so the same recipe may succeed later.
_MENDED_ELSEWHERE = frozenset(
    {
        "compiler-missing", "cuda-toolkit-missing", "cuda-toolkit-too-old", "driver-too-old",
        "kernel-compile-failed", "model-damaged", "model-gated", "model-incomplete", "no-gpu",
        "python-headers-missing", "quantization-kernel-missing", "ray-missing", "runtime-broken",
        "shared-memory", "tokenizer-missing", "weights-missing",
    }
)  # fmt: skip
_MAY_PASS = _MENDED_ELSEWHERE | {row.code for row in KNOWN if row.may_pass}
_NOT_FROM_LOGS = frozenset({"missing-field", "wrong-model"})  # preflight and health know these
_HOPELESS = _NOT_FROM_LOGS | ({row.code for row in KNOWN} - _MAY_PASS)


def hopeless(code: str) -> bool:
    """Whether the same start fails again until the recipe is changed.

    False where trying again may help, by itself (a port, memory that others hold, the network) or
    because somebody mended the machine or the model; and for every code that nobody knows.
    A table of codes and nothing else: no I/O, no state.
    """
    return code in _HOPELESS

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

# Codes that are not read from logs: preflight, the launcher and the exit code know them.
_HOPELESS_BESIDES = frozenset(
    {
        "context-beyond-model", "cpu-too-old", "does-not-import", "file-missing", "invalid",
        "missing-field", "not-executable", "runtime-missing", "secret-missing", "wrong-model",
    }
)  # fmt: skip
_HOPELESS = _HOPELESS_BESIDES | (
    {row.code for row in KNOWN} - {row.code for row in KNOWN if row.may_pass}
)


def hopeless(code: str) -> bool:
    """Whether the same start fails again until the recipe, the model or the machine is changed.

    False where trying again later may well help (a port, memory that others hold, the network),
    and for every code that nobody knows. A codes' table and nothing else: no I/O, no state.
    """
    return code in _HOPELESS

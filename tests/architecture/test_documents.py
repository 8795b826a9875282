"""Lists in documents are true: settings, routes and commands that exist are written down."""

import re
import tomllib
from importlib import import_module
from pkgutil import iter_modules

import pytest
from litestar.handlers import HTTPRouteHandler

import core.api
from tests.architecture.sources import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")

ENVIRONMENT = (
    "VLLM_STUDIO_HOME",
    "VLLM_STUDIO_PORT",
    "VLLM_STUDIO_INFERENCE_PORT",
    "VLLM_STUDIO_LITELLM_PORT",
    "VLLM_STUDIO_API_KEY",
    "LITELLM_MASTER_KEY",
    "DATABASE_URL",
    "REDIS_URL",
    "INFERENCE_API_BASE",
)


@pytest.mark.parametrize("variable", ENVIRONMENT)
def test_every_environment_variable_is_documented(variable: str) -> None:
    """Someone who installs finds each variable in the README's table."""
    assert re.search(rf"^\| `{variable}`", README, re.MULTILINE)


def test_every_route_is_listed_in_the_apis_readme() -> None:
    """core/api/README.md is the map of the HTTP surface, and leaves nothing out."""
    listed = (ROOT / "core" / "api" / "README.md").read_text(encoding="utf-8")
    paths = {
        re.sub(r"{(\w+):\w+}", r"{\1}", path)
        for module in iter_modules(core.api.__path__, "core.api.")
        for handler in vars(import_module(module.name)).values()
        if isinstance(handler, HTTPRouteHandler)
        for path in handler.paths
    }
    assert len(paths) > 20
    assert sorted(path for path in paths if path not in listed) == []


def test_every_make_target_named_in_a_document_exists() -> None:
    """`make something` in a README does something."""
    makefile = (ROOT / "Makefile").read_text()
    for document in (README, (ROOT / "tests" / "README.md").read_text()):
        for target in re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", document, re.MULTILINE):
            wanted = "".join(target)
            assert re.search(rf"^{wanted}:", makefile, re.MULTILINE), f"make {wanted}"


def test_every_relative_link_of_the_readme_leads_somewhere() -> None:
    """No dead links or missing pictures on the front page."""
    links = re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_picture_is_shown_and_every_picture_shown_exists() -> None:
    """No README points at a picture that is gone, and none lies there unseen."""
    shown = set()
    for document in [ROOT / "README.md", *ROOT.glob("*/README.md")]:
        for link in re.findall(r"[\w./-]+\.png", document.read_text(encoding="utf-8")):
            if "docs/" in link:
                shown.add((document.parent / link).resolve())
    assert shown == set((ROOT / "webui" / "docs").resolve().glob("*.png"))


def test_the_changelog_has_the_version_of_the_package() -> None:
    """Whoever installs this version can read what it brings."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

"""The hook that builds the web UI while a wheel is made; npm is a stand-in."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def hook() -> ModuleType:
    """installers/hatch_build.py as hatchling loads it."""
    spec = importlib.util.spec_from_file_location("hook", ROOT / "installers" / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def webui(tmp_path: Path) -> Path:
    """A small web UI to build."""
    folder = tmp_path / "webui"
    (folder / "src").mkdir(parents=True)
    (folder / "package.json").write_text("{}")
    (folder / "src" / "main.ts").write_text("1")
    return folder


@pytest.fixture
def calls(hook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """npm is a program that writes dist/; what it was asked is kept."""
    asked: list[str] = []

    def run(command: list[str], cwd: Path, env: object, reason: str) -> None:
        asked.append(command[1])
        if command[1] == "run":
            (cwd / "dist").mkdir(exist_ok=True)
            (cwd / "dist" / "index.html").write_text("built")

    monkeypatch.setattr(hook, "run", run)
    monkeypatch.setattr(hook, "npm_command", lambda: (["npm"], {}))
    return asked


def quiet(_: str) -> None:
    """Nobody listens."""


def test_the_second_build_of_the_same_sources_is_free(
    hook: ModuleType, webui: Path, calls: list[str]
) -> None:
    """pip runs the hook for the metadata and again for the wheel."""
    hook.build(webui, quiet)
    hook.build(webui, quiet)
    assert calls == ["ci", "run"]


def test_a_changed_source_is_built_again(hook: ModuleType, webui: Path, calls: list[str]) -> None:
    """Whatever file the build reads; what it writes and installs does not count."""
    hook.build(webui, quiet)
    (webui / "node_modules").mkdir()
    (webui / "node_modules" / "x.js").write_text("x")
    hook.build(webui, quiet)
    assert len(calls) == 2
    (webui / "src" / "main.ts").write_text("2")
    hook.build(webui, quiet)
    assert len(calls) == 4


def test_a_lost_dist_is_built_again(hook: ModuleType, webui: Path, calls: list[str]) -> None:
    """The stamp alone proves nothing."""
    hook.build(webui, quiet)
    (webui / "dist" / "index.html").unlink()
    hook.build(webui, quiet)
    assert calls == ["ci", "run", "ci", "run"]


def test_a_failed_build_leaves_no_stamp(
    hook: ModuleType, webui: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next try builds."""
    command = [sys.executable, "-c", "import sys; print('npm says why'); sys.exit(3)"]
    monkeypatch.setattr(hook, "npm_command", lambda: (command, {}))
    with pytest.raises(hook.BuildFailed) as failed:
        hook.build(webui, quiet)
    assert not (webui / ".build-stamp").exists()
    lines = str(failed.value).strip().splitlines()
    assert "npm says why" in lines
    assert lines[-1].startswith("vLLM Studio: npm could not fetch")
    assert "VLLM_STUDIO_SKIP_WEBUI=1" in lines[-1]


def test_built_files_without_sources_are_taken_as_they_are(
    hook: ModuleType, tmp_path: Path, calls: list[str]
) -> None:
    """A source distribution may carry dist/ alone; with neither it says so in one line."""
    folder = tmp_path / "webui"
    (folder / "dist").mkdir(parents=True)
    (folder / "dist" / "index.html").write_text("built")
    hook.build(folder, quiet)
    assert calls == []
    (folder / "dist" / "index.html").unlink()
    with pytest.raises(hook.BuildFailed, match=r"no package\.json and no dist"):
        hook.build(folder, quiet)


def test_the_lock_names_no_address() -> None:
    """Where packages come from is the machine's business, not the repository's."""
    lock = (ROOT / "webui" / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert "registry" not in lock

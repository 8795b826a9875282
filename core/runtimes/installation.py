"""One installation, from an empty folder to an environment that imports: the steps, in order.

1. a relocatable virtualenv (it is made in `<id>.partial` and renamed when it is whole)
2. torch for the CPU, for the engines that want it, in a step of its own: this build is not on
   PyPI, so it comes from a local folder of wheels (`PIP_FIND_LINKS`) or by uv's `--torch-backend`
3. the packages: from the hashed lock with `--no-deps`, or resolved against this machine's driver
4. the proof: the engine's modules import in the new interpreter
"""

import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from core.runtimes.catalogue import GIB, PROBE_ENVIRONMENT, TORCH_VERSION, Offer, requirements_of
from core.runtimes.diagnosis import Diagnosis, decisive, diagnose
from core.runtimes.lock import lock_path
from core.runtimes.progress import Progress, Step, advance
from core.runtimes.runtime import python_of
from core.runtimes.uv_process import Outcome, run, uv_command

INSTALL_TIMEOUT_S = 2 * 3600.0  # a slow line and 10 GB of CUDA wheels
PROBE_TIMEOUT_S = 600.0

_SUPPORTED_PYTHONS = ((3, 11), (3, 12), (3, 13))
_FALLBACK_PYTHON = "3.12"

OnProgress = Callable[[Progress], Awaitable[None]]


class InstallationFailed(Exception):
    """A step failed; the diagnosis is for people, the lines are the tool's own."""

    def __init__(self, diagnosis: Diagnosis, lines: Sequence[str] = ()) -> None:
        super().__init__(diagnosis.reason)
        self.diagnosis = diagnosis
        self.lines = tuple(lines)


async def install_into(
    folder: Path, offer: Offer, *, env: Mapping[str, str], on_progress: OnProgress
) -> None:
    """Fill `folder` with the offer. Raises InstallationFailed.

    The folder is the caller's to remove.
    """
    shell = _Shell(folder, env, on_progress)
    await shell.step(Step(title="environment", begin=0, end=3), venv_command(folder))
    if offer.torch:
        await _install_torch(shell, folder, env)
    begin = 30.0 if offer.torch else 3.0
    await shell.step(Step(title="packages", begin=begin, end=92), packages_command(folder, offer))
    await shell.probe(Step(title="trying it", begin=92, end=100), offer)


async def _install_torch(shell: "_Shell", folder: Path, env: Mapping[str, str]) -> None:
    step = Step(title="torch", begin=3, end=30)
    if env.get("UV_FIND_LINKS"):
        outcome = await shell.attempt(step, torch_command(folder, local=True))
        if outcome.ok:
            return
    await shell.step(step, torch_command(folder, local=False))


def venv_command(folder: Path) -> tuple[str, ...]:
    """Make the virtualenv; relocatable, because the folder is renamed at the end."""
    return uv_command("venv", "--relocatable", "--python", python_request(), str(folder))


def torch_command(folder: Path, *, local: bool) -> tuple[str, ...]:
    """Install torch for the CPU: from the local folder of wheels alone, or through uv's backend."""
    source = ("--no-index",) if local else ("--torch-backend", "cpu")
    return _pip_install(folder, "--no-deps", *source, f"torch=={TORCH_VERSION}")


def packages_command(folder: Path, offer: Offer) -> tuple[str, ...]:
    """Install everything else."""
    if offer.locked:
        lock = str(lock_path(offer.kind))
        return _pip_install(folder, "--require-hashes", "--no-deps", "--requirements", lock)
    return _pip_install(folder, "--torch-backend", "auto", *requirements_of(offer))


def _pip_install(folder: Path, *arguments: str) -> tuple[str, ...]:
    python = str(python_of(folder))
    return uv_command("pip", "install", "--python", python, "--compile-bytecode", *arguments)


def python_request() -> str:
    """The Python a runtime is made with: the app's own where engines support it.

    A frozen app has no interpreter to lend, and a very new one has no wheels yet; uv then finds
    or fetches one.
    """
    if getattr(sys, "frozen", False) or sys.version_info[:2] not in _SUPPORTED_PYTHONS:
        return _FALLBACK_PYTHON
    return sys.executable


def check_space(folder: Path, offer: Offer) -> None:
    """Raise InstallationFailed when the disk has no room for an offer."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free >= offer.needs_bytes:
        return
    raise InstallationFailed(
        Diagnosis(
            code="disk-full",
            reason=f"it needs {offer.needs_bytes / GIB:.0f} GiB of disk space and "
            f"{free / GIB:.1f} GiB are free",
            next_action="Free some space (`uv cache clean` helps), then install again.",
        )
    )


class _Shell:
    """Runs the steps and tells how far they are."""

    def __init__(self, folder: Path, env: Mapping[str, str], on_progress: OnProgress) -> None:
        self._folder = folder
        self._env = env
        self._on_progress = on_progress

    async def step(self, step: Step, argv: Sequence[str]) -> None:
        outcome = await self.attempt(step, argv)
        if not outcome.ok:
            raise InstallationFailed(diagnose(outcome.lines), decisive(outcome.lines))

    async def attempt(self, step: Step, argv: Sequence[str]) -> Outcome:
        progress = Progress(step=step)
        await self._on_progress(progress)

        async def follow(line: str) -> None:
            nonlocal progress
            before, progress = progress, advance(progress, line)
            if progress is not before:
                await self._on_progress(progress)

        return await self._run(argv, self._env, INSTALL_TIMEOUT_S, follow)

    async def probe(self, step: Step, offer: Offer) -> None:
        await self._on_progress(Progress(step=step))
        argv = (str(python_of(self._folder)), "-c", offer.probe)
        outcome = await self._run(argv, {**self._env, **PROBE_ENVIRONMENT}, PROBE_TIMEOUT_S)
        if not outcome.ok:
            raise InstallationFailed(_does_not_import(offer, outcome), decisive(outcome.lines))

    async def _run(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        timeout_s: float,
        on_line: Callable[[str], Awaitable[None]] | None = None,
    ) -> Outcome:
        # The working directory is one of ours and neutral: no project file there bends uv.
        cwd = self._folder.parent
        try:
            return await run(argv, env=env, cwd=cwd, timeout_s=timeout_s, on_line=on_line)
        except TimeoutError:
            raise InstallationFailed(_too_slow(timeout_s)) from None
        except FileNotFoundError as missing:
            raise InstallationFailed(_uv_missing(missing)) from missing


def _does_not_import(offer: Offer, outcome: Outcome) -> Diagnosis:
    last = outcome.lines[-1] if outcome.lines else f"exit code {outcome.exit_code}"
    return Diagnosis(
        code="does-not-import",
        reason=f"{offer.title} is there but does not import on this machine ({last})",
        next_action="Choose another engine; the README's table says what runs where.",
    )


def _too_slow(timeout_s: float) -> Diagnosis:
    return Diagnosis(
        code="too-slow",
        reason=f"a step took longer than {timeout_s / 60:.0f} minutes",
        next_action="Install again: what was downloaded so far is kept in uv's cache.",
    )


def _uv_missing(missing: FileNotFoundError) -> Diagnosis:
    return Diagnosis(
        code="uv-missing",
        reason=f"uv could not be run ({missing})",
        next_action="Install vLLM Studio again: the `uv` package belongs to it.",
    )

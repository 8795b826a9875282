"""`audit verify` and `audit status`: is the log what was written, and who says so."""

from pathlib import Path

import click
import msgspec

from core.auditing.notes import notes_in
from core.auditing.verification import wanted_of
from core.auditing.view import AuditView, audit_view
from core.errors import Invalid, Unavailable
from core.secrets import Secrets
from core.settings import Settings
from desktop.cli.audit_words import claims_in_words, known_keys, verdict_in_words
from desktop.cli.progress import progress
from desktop.cli.recorded import recorded_log
from desktop.cli.terminal import FAILED, StudioCommand, Terminal, pass_terminal
from desktop.cli.words import columns, day_and_time
from desktop.problems import NotRunning
from events.audit.claims import LogReport, Report
from events.audit.verify import verify as verify_logs
from events.errors import EventError
from events.projections.settings_in_force import settings_in_force


@click.command(cls=StudioCommand)
@click.option("--deep", is_flag=True, help="Fold the read models anew too, and compare.")
@click.option(
    "--checkpoint",
    "--note",
    "notes",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A signed note that you kept: the log must begin with it. May be given again.",
)
@click.option("--key", metavar="KEY", help="The verifier key you know, or a file with it.")
@pass_terminal
@click.pass_context
def verify(
    context: click.Context, terminal: Terminal, deep: bool, notes: tuple[Path, ...], key: str | None
) -> None:
    """Show, claim by claim, that the logs are what was written, or where they are not.

    Reads the files and changes nothing, also while vLLM Studio runs. Ends with 1 when a claim does
    not hold.
    """
    known = known_keys(key)
    vouched = tuple(note for path in notes for note in _notes_of(path))
    settings = settings_now(terminal)
    try:
        secrets = Secrets(settings.paths.secrets)
        wanted = wanted_of(settings, secrets, deep=deep, vouched=vouched)
    except OSError as error:
        raise Unavailable(
            f"the checkpoints in {settings.checkpoints} can not be read: {error.strerror}"
        ) from None
    if known:
        wanted = msgspec.structs.replace(wanted, keys=tuple(map(str, known)))
    with progress(terminal, "verify") as shown:
        report = verify_logs(
            wanted,
            lambda log, done, lines: shown.update(
                f"{log}, {done:,} of {lines:,} events", done * 100 / max(1, lines)
            ),
        )
    terminal.answer(report, lambda: report_in_words(report))
    if not report.holds:
        context.exit(FAILED)


@click.command(cls=StudioCommand)
@pass_terminal
def status(terminal: Terminal) -> None:
    """Say how long the log is, who signs for it, and what was last found of it."""
    if client := terminal.client_if_running():
        view = msgspec.convert(client.get("/api/audit"), AuditView)
    else:
        settings = settings_now(terminal)
        try:
            with recorded_log(settings) as store:
                view = audit_view(store, settings.checkpoints)
        except EventError as error:
            raise Unavailable(str(error), code="log-unavailable") from error
    terminal.answer(view, lambda: status_in_words(view))


def settings_now(terminal: Terminal) -> Settings:
    """With what the log says, as far as it can be read. Raises NotRunning when there is no log."""
    settings = terminal.settings
    if not settings.paths.main_db.exists() and not any(settings.paths.home.glob("usage-*.db")):
        raise NotRunning("vLLM Studio is not running and nothing is recorded yet")
    try:
        with recorded_log(settings) as store, store.reading() as connection:
            return settings.with_recorded(settings_in_force(connection))
    except (EventError, NotRunning, ValueError):
        return settings


def report_in_words(report: Report) -> str:
    """Log by log."""
    parts = [f"{_head(log)}\n{claims_in_words(log.claims)}" for log in report.logs]
    return "\n\n".join((*parts, verdict_in_words(report.claims)))


def status_in_words(view: AuditView) -> str:
    """A line for each thing."""
    signed = view.checkpoint
    rows = [
        ("log", view.log_id),
        ("events", f"{view.size:,}"),
        ("root", view.root or "its tree is not whole"),
        ("key", view.verifier_key or "nobody signs for it yet"),
        (
            "signed for",
            f"{signed.size:,} events, {day_and_time(signed.at)}" if signed else "nothing yet",
        ),
        ("kept", view.kept or f"nothing yet in {view.checkpoints_folder}"),
    ]
    lines = [f"{name:<11} {text}" for name, text in rows]
    if view.verified:
        found = [
            (
                one.log,
                day_and_time(one.at),
                f"{one.size:,} events hold"
                if one.holds
                else f"does not hold{_at(one.first_bad)}: {one.reason}",
            )
            for one in view.verified
        ]
        lines += ["", columns(("verified", "when", "what was found"), found)]
    else:
        lines.append("verified    never: `vllm-studio audit verify` does it")
    return "\n".join((*lines, *(f"! {notice}" for notice in view.notices)))


def _notes_of(path: Path) -> list[str]:
    try:
        found = list(notes_in(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} can not be read: {error}", field="checkpoint") from error
    if not found:
        raise Invalid(f"{path} holds no checkpoint", field="checkpoint")
    return found


def _head(log: LogReport) -> str:
    speed = f", {log.size / log.seconds:,.0f} a second" if log.seconds >= 1 else ""
    return f"{click.style(log.log, bold=True)}  {log.size:,} events in {log.seconds:.1f} s{speed}"


def _at(position: int | None) -> str:
    return "" if position is None else f", first at position {position}"

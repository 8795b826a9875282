"""`audit export` and `audit import`: the log taken elsewhere, and made a log there again."""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from core.auditing.opening import open_log
from core.clock import SystemClock
from core.errors import Invalid, Refused, StudioError, Unavailable
from core.exports.arriving import Arrival, bring, demand_empty, whole_logs
from core.exports.taking import Taken, target_of
from core.exports.wish import Wish, wish_of
from core.secrets import Secrets
from core.settings import Settings
from desktop.cli.audit_words import SIGNS, known_keys
from desktop.cli.progress import progress
from desktop.cli.recorded import recorded_log
from desktop.cli.terminal import StudioCommand, Terminal, pass_terminal
from desktop.cli.usage import moment
from desktop.cli.words import columns, size
from desktop.client import Client
from desktop.problems import NotRunning
from events.audit import bundles, exported
from events.audit.bundles import BundleInvalid
from events.audit.claims import Claim, first_bad
from events.audit.export import write
from events.audit.note import NoteInvalid
from events.errors import EventError
from events.facts import AuditExported
from events.projections.settings_in_force import settings_in_force

PATIENCE_S = 300.0


@click.command("export", cls=StudioCommand)
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--format", "lines", default="jsonl", show_default=True, help="jsonl or cloudevents.")
@click.option(
    "--from", "since", metavar="WHERE", help="A position, 7d, 2026-11-01 or a time of it."
)
@click.option(
    "--until", metavar="WHERE", help="The same: up to that position, or before that time."
)
@click.option("--usage/--no-usage", default=True, show_default=True, help="The books of requests.")
@pass_terminal
def export(
    terminal: Terminal,
    path: Path | None,
    lines: str,
    since: str | None,
    until: str | None,
    usage: bool,
) -> None:
    """Write the log and all that proves it to PATH: a folder, or a .zip or .tar file.

    Also when vLLM Studio is not running; then nothing new is signed.
    """
    target = target_of(path, time.time_ns() // 1000)
    wish = wish_of(lines, _where(since), _where(until), usage)
    with _told():
        if target.exists():
            raise Refused(f"{target} is already there", next_action="name another place")
        if client := terminal.client_if_running():
            _download(terminal, client, wish, target, (_where(since), _where(until)))
        else:
            _take(terminal, wish, target)
        with exported.opened(target) as export:
            manifest = export.manifest
            claims = list(exported.verify(export))
    answer = {
        "path": str(target.absolute()),
        "format": manifest.lines,
        "events": sum(log.last - log.first + 1 for log in manifest.logs),
        "logs": manifest.logs,
        "warnings": manifest.warnings,
        "claims": claims,
    }
    terminal.answer(answer, lambda: _export_in_words(target, claims, answer))
    if bad := first_bad(claims):
        raise Refused(
            f"what was exported does not hold: {bad.sentence}",
            code="log-does-not-hold",
            next_action="see what is wrong with `vllm-studio audit verify`",
        )


@click.command("import", cls=StudioCommand)
@click.argument("source", metavar="EXPORT", type=click.Path(path_type=Path))
@click.option("--key", metavar="KEY", help="The verifier key you know, or a file with it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_terminal
def import_(terminal: Terminal, source: Path, key: str | None, yes: bool) -> None:
    """Make the log in EXPORT the log of this home, which must not have one yet.

    The export is checked first; without --key, with the key that came with it.
    """
    with _told():
        arrival = _import(terminal, source, key, yes)
    terminal.answer(arrival, lambda: _arrival_in_words(arrival, terminal.settings))


# exporting


def _where(text: str | None) -> str | None:
    """A position as it is, a time in µs: `7d`, `2026-11-01` (here, not in Greenwich)."""
    if text is None or text.strip().isdigit():
        return text
    return str(moment(text))


def _download(
    terminal: Terminal,
    client: Client,
    wish: Wish,
    target: Path,
    bounds: tuple[str | None, str | None],
) -> None:
    """Through the app, which signs for it; it comes as a .zip and is made what was wanted."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.download")
    draft.unlink(missing_ok=True)
    try:
        with progress(terminal, "export") as shown, _private(draft) as file:
            pieces = client.download(
                "/api/audit/export",
                file,
                timeout_s=PATIENCE_S,
                **{"format": wish.lines, "from": bounds[0], "until": bounds[1]},
                usage=str(wish.usage).lower(),
            )
            for came, headers in pieces:
                shown.update(f"{size(came)} of {headers.get('x-studio-events', '?')} events")
        _place(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def _place(draft: Path, target: Path) -> None:
    try:
        with bundles.reading(draft) as downloaded:
            if target.suffix.lower() != ".zip":
                with bundles.writing(target) as bundle:
                    bundles.copy(downloaded, bundle)
                return
        draft.replace(target)  # once it is closed, for Windows
    except BundleInvalid as error:
        if target.exists():
            raise
        raise NotRunning("the export was cut off before it was whole") from error


@contextlib.contextmanager
def _private(path: Path) -> Iterator[Any]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _take(terminal: Terminal, wish: Wish, target: Path) -> None:
    """From the files, when nobody is at home."""
    settings = terminal.settings
    with (
        recorded_log(settings) as store,
        contextlib.suppress(sqlite3.Error, EventError),
        store.reading() as connection,
    ):
        settings = settings.with_recorded(settings_in_force(connection))  # where checkpoints are
    taken = Taken(settings, wish, now=time.time_ns() // 1000)
    try:
        _record(terminal, settings, taken.fact)
        with progress(terminal, "export") as shown:
            write(taken.export, target, told=_percent(shown.update, taken.export.events))
    finally:
        taken.close()


def _record(terminal: Terminal, settings: Settings, fact: AuditExported) -> None:
    """That the log was taken is told in it, if it can be written; its file could be copied."""
    try:
        opened = open_log(settings, Secrets(settings.paths.secrets), SystemClock())
    except EventError as problem:
        terminal.aside(f"That it was exported could not be recorded: {problem}.")
        return
    try:
        opened.store.append_now("audit", [fact], actor="cli")
    except EventError as problem:
        terminal.aside(f"That it was exported could not be recorded: {problem}.")
    finally:
        opened.close()


def _percent(update: Callable[[str, float | None], None], events: int) -> Callable[[int], None]:
    return lambda done: update(f"{done:,} of {events:,} events", done * 100 / max(1, events))


# importing


def _import(terminal: Terminal, source: Path, key: str | None, yes: bool) -> Arrival:
    settings, known = terminal.settings, known_keys(key)
    with exported.opened(source) as export, progress(terminal, "import") as shown:
        logs = whole_logs(export)
        demand_empty(settings.paths, {log.log: log.log_id for log in logs}, _staging(settings))
        shown.update("checking", None)
        claims = list(exported.verify(export, known))
        for claim in claims:
            terminal.aside(f"  {SIGNS[claim.verdict][0]} {claim.sentence}")
        if bad := first_bad(claims):
            raise Refused(
                f"nothing was imported: {bad.sentence}",
                code="export-does-not-hold",
                next_action="get the export anew from where it was made",
            )
        if known and not any(_signs(claim) for claim in claims):
            raise Refused(
                "nothing was imported: nobody has signed for this log",
                code="export-not-signed",
                next_action="without --key it is imported on the word of whoever gave it to you",
            )
        if not yes:
            _confirm(terminal, settings, logs[0].log_id)
        events = sum(log.last for log in logs)
        before = {log.log: sum(one.last for one in logs[:at]) for at, log in enumerate(logs)}

        def told(log: str, done: int) -> None:
            written = before[log] + done
            shown.update(f"{written:,} of {events:,} events", written * 100 / max(1, events))

        return bring(export, settings, actor="cli", told=told)


def _signs(claim: Claim) -> bool:
    return (claim.log, claim.name, claim.verdict) == ("main", "signature", "proved")


def _staging(settings: Settings) -> Path:
    return settings.paths.home / "importing"


def _confirm(terminal: Terminal, settings: Settings, log_id: str) -> None:
    if not terminal.interactive:
        raise Refused("nobody is there to be asked", code="not-confirmed", next_action="add --yes")
    home = settings.paths.home
    click.confirm(f"Make the log {log_id} the log of {home}?", abort=True, err=True)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What goes wrong with files and logs, in the terminal's words."""
    try:
        yield
    except (BundleInvalid, NoteInvalid) as error:
        raise Invalid(str(error), code="export-invalid") from error
    except EventError as error:
        raise Unavailable(str(error), code="log-unavailable") from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise StudioError(f"{where}{error.strerror or error}", code="files") from error


# words


def _export_in_words(target: Path, claims: list[Claim], answer: Mapping[str, Any]) -> str:
    rows = [
        (log.log, f"{log.first} – {log.last}", _signed(log.signed, log.last), log.root)
        for log in answer["logs"]
    ]
    table = columns(("log", "positions", "signed for", "root"), rows)
    said = [f"! {warning}" for warning in answer["warnings"]]
    said += [
        f"{SIGNS[claim.verdict][0]} {claim.sentence}"
        for claim in claims
        if claim.verdict != "proved" and claim.name != "warning"
    ]
    return "\n".join((f"{answer['events']:,} events are in {target}", table, *said))


def _signed(signed: int, last: int) -> str:
    return "nobody" if not signed else "all" if signed >= last else f"the first {signed}"


def _arrival_in_words(arrival: Arrival, settings: Settings) -> str:
    lines = [
        f"{arrival.events:,} events of the log {arrival.log_id} are here now: {settings.paths.home}"
    ]
    missing = {
        "Recipes that need their secrets entered again": arrival.recipes_without_secrets,
        "Providers that need their API key again": arrival.providers_without_keys,
        "Read models that stopped on an event": arrival.broken_read_models,
    }
    lines += [f"! {what}: {', '.join(names)}" for what, names in missing.items() if names]
    if arrival.unreadable_conversations:
        lines.append(
            f"! {arrival.unreadable_conversations} conversations can not be read here: their keys"
            " are in keys.db and secrets/erasure-key of the other machine"
        )
    return "\n".join((*lines, "Start it with `vllm-studio serve`, or `vllm-studio`."))

"""`audit prove`, `check` and `script`: what can be shown to somebody who has nothing of ours."""

from pathlib import Path

import click
import msgspec

from core.auditing.notes import notes_in
from core.auditing.proving import prover
from core.errors import Invalid, NotFound, Unavailable
from core.secrets import Secrets
from core.usage.months import Months
from desktop.cli.audit_verify import settings_now
from desktop.cli.audit_words import claims_in_words, known_keys, verdict_in_words
from desktop.cli.terminal import FAILED, StudioCommand, Terminal, pass_terminal
from events.audit import check_proof, exported
from events.audit.bundles import BundleInvalid
from events.audit.claims import Claim, first_bad
from events.audit.note import NoteInvalid, Verifier
from events.audit.proof_file import Inclusion, Proof, ProofInvalid, check, decode, encode

LARGEST = 512 * 2**20  # bytes of a proof: a line and a few hashes


@click.command(cls=StudioCommand)
@click.argument("position", required=False, type=click.IntRange(min=1))
@click.option("--request", "request_id", metavar="ID", help="The event of this request.")
@click.option(
    "--consistency",
    nargs=2,
    metavar="A B",
    help="That the log at A begins the log at B: sizes, or files with a checkpoint.",
)
@click.option(
    "--log", default="main", show_default=True, help="Or a month of requests: usage-2026-11."
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="The file to write the proof to."
)
@pass_terminal
def prove(
    terminal: Terminal,
    position: int | None,
    request_id: str | None,
    consistency: tuple[str, str] | None,
    log: str,
    out: Path | None,
) -> None:
    """Write a proof that event POSITION stands in the log, for somebody else to check.

    Or the event of a request, also of one in a month that is sealed.

    The proof carries the event, the hashes that tie it to a signed checkpoint, and that checkpoint.
    What no checkpoint covers yet is signed for first, when vLLM Studio runs.
    """
    if sum(asked is not None for asked in (position, request_id, consistency)) != 1:
        raise Invalid("give a POSITION, --request ID, or --consistency A B", field="position")
    if request_id is not None:
        log, position = _place_of(terminal, request_id)
    proof = _made(terminal, position, consistency, log)
    if out is None and not terminal.as_json:
        out = Path(f"proof-{log}-{_place(proof)}.json")
    if out is not None:
        _write(out, encode(proof))
    claims = check(proof)
    terminal.answer(proof, lambda: f"{claims_in_words(claims)}\nThe proof is in {out}.")


@click.command("check", cls=StudioCommand)
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--key", metavar="KEY", help="The verifier key you know, or a file with it.")
@pass_terminal
@click.pass_context
def check_file(context: click.Context, terminal: Terminal, file: Path, key: str | None) -> None:
    """Check FILE, a proof or an export, and say what it shows. Needs no log and no app.

    Without --key the key that came with it is believed. Ends with 1 when something does not hold.
    """
    try:
        claims = _checked(file, known_keys(key))
    except (ProofInvalid, BundleInvalid, NoteInvalid) as error:
        raise Invalid(f"{file}: {error}", code="proof-invalid") from error
    except OSError as error:
        raise Unavailable(f"{file} can not be read: {error.strerror}", code="files") from error
    holds = first_bad(claims) is None
    terminal.answer(
        {"file": str(file), "holds": holds, "claims": claims},
        lambda: f"{claims_in_words(claims)}\n{verdict_in_words(claims)}",
    )
    if not holds:
        context.exit(FAILED)


@click.command(cls=StudioCommand)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it into this file."
)
@pass_terminal
def script(terminal: Terminal, out: Path | None) -> None:
    """Print a program that checks proofs and exports without anything of vLLM Studio.

    It needs Python 3.11 and the package `cryptography`.
    """
    text = Path(check_proof.__file__).read_text(encoding="utf-8")
    if out is not None:
        _write(out, text.encode())
    terminal.answer({"script": text}, f"It is in {out}." if out else text.rstrip("\n"))


def _place_of(terminal: Terminal, request_id: str) -> tuple[str, int]:
    """Which month's log holds a request, and where; from the files, whether the app runs or not."""
    place = Months(terminal.settings.paths).place_of(request_id)
    if place is None:
        raise NotFound(
            f"no request {request_id!r:.80} is recorded, or its month was erased",
            next_action="`vllm-studio requests` lists them, `audit segments` the months",
        )
    return place


def _made(
    terminal: Terminal, position: int | None, consistency: tuple[str, str] | None, log: str
) -> Proof:
    """By the app, which signs for what is new; from the files when nobody is at home."""
    client = terminal.client_if_running()
    if client is not None and position is not None:
        answer = client.get("/api/audit/prove", position=position, log=log)
        return decode(msgspec.json.encode(answer))
    settings = settings_now(terminal)
    with prover(settings, Secrets(settings.paths.secrets), log) as known:
        if position is not None:
            return known.line(position)
        assert consistency is not None
        return known.growth(*map(_size_or_note, consistency))


def _checked(file: Path, known: tuple[Verifier, ...]) -> list[Claim]:
    if file.is_file() and _begins_a_proof(file):
        return check(decode(file.read_bytes()), known)
    with exported.opened(file) as export:
        return list(exported.verify(export, known))


def _begins_a_proof(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(64).lstrip()[:1] == b"{" and file.stat().st_size <= LARGEST


def _size_or_note(text: str) -> int | str:
    if text.isdigit():
        return int(text)
    try:
        found = list(notes_in(Path(text).read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{text} is no size, and no file: {error}", field="consistency") from error
    if not found:
        raise Invalid(f"{text} holds no checkpoint", field="consistency")
    return found[-1]


def _place(proof: Proof) -> str:
    if isinstance(proof, Inclusion):
        return str(proof.position)
    return f"{proof.earlier.size}-{proof.later.size}"


def _write(out: Path, data: bytes) -> None:
    try:
        out.write_bytes(data)
    except OSError as error:
        raise Unavailable(f"{out} can not be written: {error.strerror}", code="files") from error

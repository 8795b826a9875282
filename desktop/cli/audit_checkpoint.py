"""`audit checkpoint`: sign for the log, and take the note along."""

from pathlib import Path

import click

from core.errors import Unavailable
from desktop.cli.terminal import StudioCommand, Terminal, pass_terminal


@click.command(cls=StudioCommand)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the note into a file, to be kept where nobody with this machine gets at it.",
)
@pass_terminal
def checkpoint(terminal: Terminal, out: Path | None) -> None:
    """Sign for the whole log as it is now.

    Whoever keeps the note can show later that nothing of it was changed or removed:
    `vllm-studio audit verify --note FILE`.
    """
    made = terminal.client().post("/api/audit/checkpoint")
    if out is not None:
        _write(out, made["note"])
    where = [str(path) for path in (made["kept"], out) if path]
    lines = [
        f"{made['size']} events are signed for.",
        f"root  {made['root']}",
        f"key   {made['verifier_key']}",
        *(f"kept  {path}" for path in where),
    ]
    terminal.answer({**made, "out": str(out) if out else None}, "\n".join(lines))


def _write(out: Path, note: str) -> None:
    try:
        out.write_text(note)
    except OSError as error:
        raise Unavailable(
            f"the note can not be written to {out}: {error.strerror}", code="not-written"
        ) from None

"""Claims as people read them: what was shown, what was not, and what nobody can show."""

from collections.abc import Sequence
from pathlib import Path

import click

from core.errors import Invalid
from events.audit.claims import Claim
from events.audit.note import NoteInvalid, Verifier

SIGNS = {
    "proved": ("✓", "green"),
    "disproved": ("✗", "red"),
    "not-provable": ("?", "yellow"),
    "skipped": ("·", None),
}


def claims_in_words(claims: Sequence[Claim]) -> str:
    """A line for each, with the place where it first is not so."""
    width = max((len(claim.name) for claim in claims), default=0)
    return "\n".join(_line(claim, width) for claim in claims)


def verdict_in_words(claims: Sequence[Claim]) -> str:
    """The last line: what all of it comes to."""
    bad = sum(claim.verdict == "disproved" for claim in claims)
    proved = sum(claim.verdict == "proved" for claim in claims)
    if bad:
        return click.style(f"{bad} of {bad + proved} claims do not hold.", fg="red", bold=True)
    return click.style(f"All {proved} claims that can be shown hold.", fg="green", bold=True)


def known_keys(key: str | None) -> tuple[Verifier, ...]:
    """From an option: a verifier key itself, or a file with keys, one a line. Raises Invalid."""
    if key is None:
        return ()
    try:
        text = Path(key).read_text() if "+" not in key or Path(key).is_file() else key
        found = tuple(Verifier.parse(line) for line in text.splitlines() if line.strip())
    except (NoteInvalid, OSError, ValueError) as error:
        raise Invalid(f"--key: {error}", field="key") from error
    if not found:
        raise Invalid("--key: there is no key in it", field="key")
    return found


def _line(claim: Claim, width: int) -> str:
    sign, colour = SIGNS[claim.verdict]
    return f"  {click.style(sign, fg=colour)} {claim.name:<{width}}  {claim.sentence}"

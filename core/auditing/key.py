"""The key that signs checkpoints: made once, and never replaced in silence.

    in the log    in secrets
    nothing       nothing       made                  AuditKeyMade
    nothing       a key         taken                 AuditKeyMade
    a key         the same      all is well           nothing
    a key         nothing       another is made       AuditKeyReplaced
    a key         another       it is taken           AuditKeyReplaced

The log keeps every verifier key there ever was, so what an older one signed stays readable.
"""

import secrets as random_bits
import sqlite3
from collections.abc import Iterable

from core.secrets import Secrets
from events import reading
from events.audit.checkpoint import origin_of, signer_for
from events.audit.note import NoteInvalid, Verifier
from events.envelope import Recorded
from events.facts import AuditKeyMade, AuditKeyReplaced

NAME = "audit-key"
STREAM = "audit"
KINDS = ("audit-key-made", "audit-key-replaced")

KeyFact = AuditKeyMade | AuditKeyReplaced


def read_seed(secrets: Secrets) -> bytes | None:
    """The key as it lies there; None when there is none, or what lies there is none."""
    try:
        seed = bytes.fromhex(secrets.get(NAME) or "")
    except ValueError:
        return None
    return seed if len(seed) == 32 else None


def settle(secrets: Secrets, log_id: str, recorded: str | None) -> tuple[bytes, KeyFact | None]:
    """The key to sign with, made when there is none, and what is to be told of it.

    `recorded` is the verifier key that the log told last. Raises OSError when none can be kept.
    """
    seed, reason = read_seed(secrets), "the file of the key holds another one"
    if seed is None:
        reason = (
            "its file was gone" if secrets.get(NAME) is None else "its file was no key any more"
        )
        secrets.put(NAME, random_bits.token_bytes(32).hex())
        seed = read_seed(secrets)
        assert seed is not None  # it was just written
    verifier = signer_for(log_id, seed).verifier
    if recorded is None:
        return seed, AuditKeyMade(verifier_key=str(verifier))
    if _public_key(recorded) == verifier.public_key:
        return seed, None
    return seed, AuditKeyReplaced(previous=recorded, verifier_key=str(verifier), reason=reason)


def recorded_keys(connection: sqlite3.Connection) -> list[str]:
    """The verifier keys that the log tells, oldest first."""
    rows = connection.execute(
        f"select {reading.COLUMNS} from events"
        " where stream = ? and type in (?, ?) order by version",
        (STREAM, *KINDS),
    ).fetchall()
    return [key for key in map(_verifier_key, map(reading.from_row, rows)) if key]


def verifiers_for(log_id: str, keys: Iterable[str], seed: bytes | None) -> tuple[Verifier, ...]:
    """Who may have signed for a log: one key signs for all of a studio's logs, each by its name."""
    public = {key: None for text in keys if (key := _public_key(text))}
    if seed is not None:
        public[signer_for(log_id, seed).verifier.public_key] = None
    return tuple(Verifier(origin_of(log_id), key) for key in public)


def _verifier_key(recorded: Recorded) -> str | None:
    match recorded.event:
        case AuditKeyMade(verifier_key=key) | AuditKeyReplaced(verifier_key=key):
            return key
        case _:
            return None


def _public_key(text: str) -> bytes | None:
    try:
        return Verifier.parse(text).public_key
    except NoteInvalid:
        return None

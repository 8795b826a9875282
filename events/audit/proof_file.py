"""A proof as a file that carries all that is needed to check it, anywhere and at any time.

    {"kind": "inclusion", "format": "vllm-studio-proof", "version": 1,
     "log": "main", "log_id": "0f6c…", "position": 17, "line": "{\\"position\\":17,…}",
     "hashes": ["…", …], "tree": {"size": 1204, "root": "…", "checkpoint": "…the signed note…"},
     "verifier_keys": ["vllm-studio.local/log/0f6c…+5ad3c3d6+AWl5…"]}

    {"kind": "consistency", …, "hashes": […], "earlier": {"size": …}, "later": {"size": …}}

Hashes and roots are in base64. `check_proof.py` reads the same files with nothing of ours.
"""

import base64
import binascii
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from events.audit import checkpoint
from events.audit.canonical import LineInvalid, parse
from events.audit.checkpoint import origin_of
from events.audit.claims import Claim, disproved, not_provable, proved
from events.audit.merkle import leaf_hash
from events.audit.note import NoteInvalid, Verifier
from events.audit.proofs import includes, is_consistent
from events.codec import decode as decode_event
from events.sentences import sentence

FORMAT, VERSION = "vllm-studio-proof", 1
LINE, INCLUSION, CONSISTENCY, SIGNATURE, SIGNER = (
    "line",
    "inclusion",
    "consistency",
    "signature",
    "signer",
)


class ProofInvalid(ValueError):
    """The file is no proof, or one of another version. The message is a sentence."""


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    """A log at one size; without a checkpoint nobody has signed for it."""

    size: int
    root: str
    checkpoint: str | None = None


class _Proof(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    format: str
    version: int
    log: str
    log_id: str
    hashes: tuple[str, ...]
    verifier_keys: tuple[str, ...] = ()  # of who signed; compare with one that came another way


class Inclusion(_Proof, frozen=True, kw_only=True, tag="inclusion"):
    """That a line stands at its position in a log."""

    position: int
    line: str
    tree: Tree


class Consistency(_Proof, frozen=True, kw_only=True, tag="consistency"):
    """That a log at an earlier size is the beginning of the same log later."""

    earlier: Tree
    later: Tree


Proof = Inclusion | Consistency
_decoder: msgspec.json.Decoder[Proof] = msgspec.json.Decoder(Proof)


def encode(proof: Proof) -> bytes:
    """Write the file, in lines a person can read."""
    return msgspec.json.format(msgspec.json.encode(proof), indent=2) + b"\n"


def decode(data: bytes) -> Proof:
    """Read a file. Raises ProofInvalid."""
    try:
        proof = _decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise ProofInvalid(f"this is no proof: {error}") from error
    if (proof.format, proof.version) != (FORMAT, VERSION):
        raise ProofInvalid(
            f"it is {proof.format} {proof.version}, and this version reads {FORMAT} {VERSION}"
        )
    return proof


def check(proof: Proof, pinned: Iterable[Verifier] = ()) -> list[Claim]:
    """Say what the proof shows. `pinned`: keys that came another way than with the proof."""
    given = list(pinned)
    if isinstance(proof, Inclusion):
        return [_line(proof), _inclusion(proof), *_signatures(proof, [proof.tree], given)]
    return [_consistency(proof), *_signatures(proof, [proof.earlier, proof.later], given)]


def _line(proof: Inclusion) -> Claim:
    log, position = proof.log, proof.position
    try:
        line = parse(proof.line.encode())
    except (LineInvalid, UnicodeEncodeError) as error:
        return disproved(log, LINE, f"It is not as a log writes it: {error}.", position=position)
    if line.position != position:
        says = f"The line is of position {line.position}, not of {position}."
        return disproved(log, LINE, says, position=position)
    told = sentence(decode_event(line.type, line.schema, bytes(line.data)))
    return proved(log, LINE, f"{_time(line.recorded_at)}, by {line.actor}: {told}")


def _inclusion(proof: Inclusion) -> Claim:
    log, tree, at = proof.log, proof.tree, proof.position
    leaf = leaf_hash(proof.line.encode("utf-8", "replace"))
    if includes(leaf, at - 1, tree.size, _hashes(proof), _bytes(tree.root)):
        says = (
            f"The line stands at position {at} of the {tree.size} lines whose root is {tree.root}."
        )
        return proved(log, INCLUSION, says)
    says = f"It does not stand at position {at} of the lines whose root is {tree.root}."
    return disproved(log, INCLUSION, says, position=at)


def _consistency(proof: Consistency) -> Claim:
    log, earlier, later = proof.log, proof.earlier, proof.later
    roots = _bytes(earlier.root), _bytes(later.root)
    if is_consistent(earlier.size, roots[0], later.size, roots[1], _hashes(proof)):
        says = f"The log of {later.size} lines begins with the {earlier.size} that it had earlier."
        return proved(log, CONSISTENCY, says, until=earlier.size)
    says = f"The log of {later.size} lines does not begin with the {earlier.size} lines."
    return disproved(log, CONSISTENCY, says)


def _signatures(proof: Proof, trees: list[Tree], pinned: list[Verifier]) -> list[Claim]:
    """1. every checkpoint is of this log and tree, and signed 2. whose key that was."""
    log = proof.log
    signed = [(tree, tree.checkpoint) for tree in trees if tree.checkpoint is not None]
    claims = [
        not_provable(log, SIGNATURE, f"Nobody has signed for the {tree.size} lines.")
        for tree in trees
        if tree.checkpoint is None
    ]
    try:
        keys = pinned or [Verifier.parse(key) for key in proof.verifier_keys]
    except NoteInvalid as error:
        return [*claims, disproved(log, SIGNER, f"The key in the proof can not be read: {error}.")]
    own = [Verifier(origin_of(proof.log_id), key.public_key) for key in keys]
    for tree, note in signed:
        try:
            told = checkpoint.read(note, own)
        except NoteInvalid as error:
            claims.append(disproved(log, SIGNATURE, f"The checkpoint does not hold: {error}."))
            continue
        if (told.log_id, told.size, told.root) != (proof.log_id, tree.size, _bytes(tree.root)):
            claims.append(disproved(log, SIGNATURE, "The checkpoint is about something else."))
            continue
        says = f"A signed checkpoint of the log {told.log_id} stands for these {told.size} lines."
        claims.append(proved(log, SIGNATURE, says))
    if signed and not pinned:
        named = ", ".join(map(str, own)) or "none"
        says = f"Whose key that is: it came with the proof. Compare it with one you noted: {named}"
        claims.append(not_provable(log, SIGNER, says))
    elif signed and all(claim.verdict != "disproved" for claim in claims):
        claims.append(proved(log, SIGNER, "It was signed with the key that you gave."))
    return claims


def _time(at: int) -> str:
    try:
        return datetime.fromtimestamp(at // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{at} µs after 1970"


def _hashes(proof: Proof) -> list[bytes]:
    return [_bytes(one) for one in proof.hashes]


def _bytes(text: str) -> bytes:
    """What is no hash fits nothing."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""

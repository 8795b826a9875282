"""Proofs made: of one line, and that the log of then begins the log of now.

Each is checked before it is given away, so that nobody is handed one that does not hold.
"""

import base64
from collections.abc import Iterable, Sequence
from typing import TypeVar

from events.audit import checkpoint
from events.audit.checkpoint import Checkpoint, origin_of
from events.audit.claims import first_bad
from events.audit.note import NoteInvalid, Verifier
from events.audit.proof_file import FORMAT, VERSION, Consistency, Inclusion, Tree, check
from events.audit.proofs import consistency_proof, inclusion_proof
from events.audit.sources import LogSource
from events.audit.told import parsed
from events.errors import LogDamaged

P = TypeVar("P", Inclusion, Consistency)


class NoSuchPlace(ValueError):
    """The log has no such position, size or checkpoint. The message is a sentence."""


class Prover:
    """Makes proofs about one log, under the checkpoints that there are of it."""

    def __init__(
        self, source: LogSource, notes: Iterable[str] = (), keys: Iterable[str] = ()
    ) -> None:
        """`notes` may be of other logs too; `keys` are verifier keys, now or earlier in force."""
        self._source = source
        origin = origin_of(source.log_id)
        given = {key.public_key: None for key in map(parsed, keys) if key is not None}
        self._keys = [Verifier(origin, key) for key in given]
        self._told: dict[int, tuple[Checkpoint, str]] = {}  # by size
        for note in dict.fromkeys(notes):
            told = _about(note, source.log_id)
            if told is not None and told.size <= source.size:
                self._told[told.size] = told, note

    @property
    def size(self) -> int:
        """How many lines the log has."""
        return self._source.size

    def covering(self, position: int) -> int | None:
        """The size of the newest checkpoint that covers a position."""
        sizes = sorted((size for size in self._told if size >= position), reverse=True)
        return next((size for size in sizes if self._is_signed(self._told[size][1])), None)

    def line(self, position: int) -> Inclusion:
        """That the line stands where it does, under the newest checkpoint that covers it.

        Without one, under the log as it is now, for which nobody has signed. Raises NoSuchPlace,
        and LogDamaged when the line is not what was written.
        """
        source = self._source
        if not 1 <= position <= source.size:
            raise NoSuchPlace(f"{source.name} has the positions 1 to {source.size}, not {position}")
        size = self.covering(position) or source.size
        [line] = [line for page in source.lines(position - 1, position) for line in page]
        tree = self._tree(size)
        proof = Inclusion(
            format=FORMAT,
            version=VERSION,
            log=source.name,
            log_id=source.log_id,
            position=position,
            line=line.decode(),
            tree=tree,
            hashes=_texts(inclusion_proof(source.root, position - 1, size)),
            verifier_keys=self._signers(tree),
        )
        return self._checked(proof)

    def growth(self, earlier: int | str, later: int | str | None = None) -> Consistency:
        """That the log at one size begins the log at another; each a size, or a signed note.

        `later` None is the newest checkpoint, or the log as it is where none is newer. Raises
        NoSuchPlace, and LogDamaged when the log does not begin with what the notes say.
        """
        first = self._asked(earlier)
        newest = self.covering(first + 1) or self._source.size
        first, second = sorted((first, newest if later is None else self._asked(later)))
        trees = self._tree(first), self._tree(second)
        proof = Consistency(
            format=FORMAT,
            version=VERSION,
            log=self._source.name,
            log_id=self._source.log_id,
            earlier=trees[0],
            later=trees[1],
            hashes=_texts(consistency_proof(self._source.root, first, second)),
            verifier_keys=self._signers(*trees),
        )
        return self._checked(proof)

    def _asked(self, asked: int | str) -> int:
        """A size; a note that somebody brought counts from now on as one there is."""
        source = self._source
        size = asked
        if isinstance(asked, str):
            told = _about(asked, source.log_id)
            if told is None or not self._is_signed(asked):
                raise NoSuchPlace(f"this is no signed checkpoint of the log {source.log_id}")
            self._told[told.size] = told, asked
            size = told.size
        if not isinstance(size, int) or not 1 <= size <= source.size:
            raise NoSuchPlace(f"{source.name} has {source.size} lines, and was never {size} long")
        return size

    def _tree(self, size: int) -> Tree:
        if size in self._told and self._is_signed(self._told[size][1]):
            told, note = self._told[size]
            return Tree(size=size, root=_text(told.root), checkpoint=note)
        return Tree(size=size, root=_text(self._source.root(0, size)))

    def _signers(self, *trees: Tree) -> tuple[str, ...]:
        """The keys that the checkpoints were signed with."""
        notes = [tree.checkpoint for tree in trees if tree.checkpoint is not None]
        return tuple(str(key) for key in self._keys if any(_signed(note, key) for note in notes))

    def _is_signed(self, note: str) -> bool:
        return any(_signed(note, key) for key in self._keys)

    def _checked(self, proof: P) -> P:
        bad = first_bad(check(proof))
        if bad is not None:
            raise LogDamaged(f"nothing can be proved of it: {bad.sentence}", bad.position)
        return proof


def _about(note: str, log_id: str) -> Checkpoint | None:
    try:
        told = checkpoint.peek(note)
    except NoteInvalid:
        return None
    return told if told.log_id == log_id else None


def _signed(note: str, key: Verifier) -> bool:
    try:
        checkpoint.read(note, [key])
    except NoteInvalid:
        return False
    return True


def _texts(hashes: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(map(_text, hashes))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()

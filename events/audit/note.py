"""Signed notes (C2SP signed-note v1.0): a text, and who stands for it.

    vllm-studio.local/log/0199…              ╮
    1234                                     ├ the text; its last line ends with a line break
    mQ6e…=                                   ╯

    — vllm-studio.local/log/0199… zWbQ…==      a name, and base64 of key id (4 bytes) ‖ signature

The signatures are Ed25519. Anything that speaks the format (Go's sumdb tools, witnesses) can read
them: https://c2sp.org/signed-note.
"""

import base64
import binascii
from collections.abc import Iterable
from hashlib import sha256

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"  # the format's number for this kind of signature
DASH = "— "
MOST_SIGNATURES = 100


class NoteInvalid(ValueError):
    """The text is no signed note, or nobody known has signed it. The message is a sentence."""


class Signature(msgspec.Struct, frozen=True):
    """One line under a note."""

    name: str
    key_id: bytes
    signature: bytes


class Verifier(msgspec.Struct, frozen=True):
    """A name and a public key: who may have signed."""

    name: str
    public_key: bytes  # 32 bytes

    @classmethod
    def parse(cls, text: str) -> "Verifier":
        """Read a verifier key, `name+hex of key id+base64 of 0x01 ‖ key`. Raises NoteInvalid."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        raw = _decoded(encoded)
        if not is_name(name) or len(raw) != 33 or raw[:1] != ED25519:
            raise NoteInvalid("this is no Ed25519 verifier key (name+id+key)")
        verifier = cls(name, raw[1:])
        if verifier.key_id.hex() != key_id:
            raise NoteInvalid(f"the id in the verifier key of {name} is not that of its key")
        return verifier

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public_key).digest()[:4]

    def __str__(self) -> str:
        encoded = base64.b64encode(ED25519 + self.public_key).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    def holds(self, text: str, signature: bytes) -> bool:
        """Whether this key signed that text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


class Signer:
    """A name and a private key."""

    def __init__(self, name: str, seed: bytes) -> None:
        """`seed`: the 32 bytes of an Ed25519 private key. Raises ValueError."""
        if not is_name(name):
            raise ValueError("a signer's name is not empty and has neither spaces nor a plus")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(name, self._key.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """Make a note of a text, which must end with a line break."""
        if not text.endswith("\n"):
            raise ValueError("the text of a note ends with a line break")
        signed = self.verifier.key_id + self._key.sign(text.encode())
        return f"{text}\n{DASH}{self.verifier.name} {base64.b64encode(signed).decode()}\n"


def opened(note: str, verifiers: Iterable[Verifier]) -> str:
    """Give the text of a note that at least one of them signed. Raises NoteInvalid.

    A wrong signature under a known name and key id spoils the note; unknown ones are passed over.
    """
    text, signatures = parted(note)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    signed = False
    for one in signatures:
        verifier = known.get((one.name, one.key_id))
        if verifier is None:
            continue
        if not verifier.holds(text, one.signature):
            raise NoteInvalid(f"the signature of {one.name} does not belong to this text")
        signed = True
    if not signed:
        raise NoteInvalid("no signature under the note is by a known key")
    return text


def parted(note: str) -> tuple[str, list[Signature]]:
    """Take a note apart, without checking who signed. Raises NoteInvalid."""
    if any(ord(sign) < 0x20 and sign != "\n" for sign in note):
        raise NoteInvalid("a note holds no control characters")
    text, gap, below = note.rpartition("\n\n")
    if not gap or not below.endswith("\n"):
        raise NoteInvalid("a note is a text, an empty line and signatures")
    lines = below[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise NoteInvalid(f"a note has at most {MOST_SIGNATURES} signatures")
    return text + "\n", [_signature(line) for line in lines]


def is_name(name: str) -> bool:
    """Whether a key may be called so."""
    return bool(name) and "+" not in name and not any(sign.isspace() for sign in name)


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(DASH).partition(" ")
    raw = _decoded(encoded)
    if not line.startswith(DASH) or not is_name(name) or len(raw) < 5:
        raise NoteInvalid("a signature is a line of: — name base64")
    return Signature(name, raw[:4], raw[4:])


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""

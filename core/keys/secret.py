"""The secret of a key: how it is made, and the little of it that is kept."""

import base64
import hashlib
import secrets

SCHEME = "sk-studio-"  # by which a key of ours is told from the placeholders that clients send
BYTES = 32
SHOWN = len(SCHEME) + 6


def make_secret() -> str:
    """A new secret with 256 bits of chance; whoever asked for it sees it once."""
    return SCHEME + base64.urlsafe_b64encode(secrets.token_bytes(BYTES)).rstrip(b"=").decode()


def digest_of(secret: bytes) -> str:
    """What is kept of it. A plain hash is enough: nobody guesses 256 bits."""
    return hashlib.sha256(secret).hexdigest()


def prefix_of(secret: str) -> str:
    """Its first letters, so that a person knows it again."""
    return secret[:SHOWN]

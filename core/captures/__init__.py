"""Bodies of requests, kept for the owner to look at where a setting allows it."""

from core.captures.captures import Captures
from core.captures.record import CapturedBody, CaptureRecord
from core.captures.vault import Vault

__all__ = ["CaptureRecord", "CapturedBody", "Captures", "Vault"]

"""Sealed files beside the log: what is too large for an event, and erased with its subject."""

from core.blobs.blobs import BlobRef, Blobs

__all__ = ["BlobRef", "Blobs"]

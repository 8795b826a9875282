"""Keys that can be destroyed: what the log may hold for ever, and yet can be erased."""

from core.erasure.subject_keys import KeyGone, SubjectKeys, Unreadable

__all__ = ["KeyGone", "SubjectKeys", "Unreadable"]

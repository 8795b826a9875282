"""Conversations: written sealed, read back, erased."""

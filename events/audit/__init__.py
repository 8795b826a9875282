"""Proof that the log is what was written: the hash tree over its lines."""

"""Checkpoints, what is noticed when a log is opened, and the way on."""

"""Captured bodies."""

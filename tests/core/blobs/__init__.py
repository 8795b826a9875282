"""Sealed files."""

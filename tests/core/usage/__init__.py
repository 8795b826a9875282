"""Tests of `core.usage`."""

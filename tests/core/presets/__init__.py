"""Presets: what is kept under a name, and how it goes."""

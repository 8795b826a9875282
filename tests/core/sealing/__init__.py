"""Sealing and erasing months of requests."""

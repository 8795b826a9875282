"""Engines: inference servers as processes that we start, watch, end and adopt. See README.md."""

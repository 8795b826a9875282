"""Months of requests that are over become small sealed files, and later, if wanted, sums alone."""

from core.sealing.sealing import Sealing

__all__ = ["Sealing"]

"""Latencies as log-spaced buckets: small, can be added up, and percentiles are near.

Each bucket is a tenth wider than the one before, so a percentile told from them is within
five per cent of the true one (`ERROR`), whatever was measured (DDSketch's bound). The buckets of
one request are packed into one integer, which costs four bytes and no write of its own.
"""

import math
from collections.abc import Mapping

GROWTH = 1.1
ERROR = (GROWTH - 1) / (GROWTH + 1)  # relative, of any percentile
SHORTEST_MS, LONGEST_MS = 1e-3, 1e9  # what lies outside counts as these

MEASURES = ("ttft", "itl", "duration")  # in the order in which they are packed
BITS, MASK = 9, 511
UNKNOWN = 0  # in place of a bucket that was not measured
_LIFT = 100  # packed buckets are positive
_PER_LOG = 1 / math.log(GROWTH)


def bucket_of(ms: float) -> int:
    """The bucket of a latency: the smallest whose upper end reaches it."""
    if not ms > SHORTEST_MS:
        ms = SHORTEST_MS
    elif ms > LONGEST_MS:
        ms = LONGEST_MS
    return math.ceil(math.log(ms) * _PER_LOG) + _LIFT


def milliseconds_of(bucket: int) -> float:
    """The latency that stands for a bucket: no member is further from it than ERROR."""
    return 2 * GROWTH ** (bucket - _LIFT) / (GROWTH + 1)


def packed(ttft: float | None, itl: float | None, duration: float) -> int:
    """The buckets of one request; `shift` says where each is found."""
    buckets = bucket_of(duration) << 2 * BITS
    if ttft is not None:
        buckets |= bucket_of(ttft)
    if itl is not None:
        buckets |= bucket_of(itl) << BITS
    return buckets


def shift(measure: str) -> int:
    """Where a measure's bucket begins in the packed integer."""
    return MEASURES.index(measure) * BITS


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """The latency that `share` (0 to 1) of those counted do not exceed; None: none was counted."""
    rank = max(1, math.ceil(share * sum(counts.values())))
    for bucket in sorted(counts):
        rank -= counts[bucket]
        if rank <= 0:
            return milliseconds_of(bucket)
    return None

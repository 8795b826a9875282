"""Exact response cache and single flight; `answers.py` is what the hot path calls."""

from core.gateway.cache.answers import Answers, CacheCounts
from core.gateway.cache.memory_store import MemoryStore
from core.gateway.cache.policy import CachePolicy, policy_of
from core.gateway.cache.redis_store import RedisStore
from core.gateway.cache.stored import Store, Stored

__all__ = [
    "Answers",
    "CacheCounts",
    "CachePolicy",
    "MemoryStore",
    "RedisStore",
    "Store",
    "Stored",
    "policy_of",
]

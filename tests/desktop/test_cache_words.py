"""What `vllm-studio cache show` says."""

from desktop.cli.cache import in_words

COUNTS = {"entries": 1, "bytes": 3 * 1024 * 1024, "hits": 4, "misses": 5, "joins": 6}


def test_what_is_kept_is_told_in_words() -> None:
    """Of Redis the size is not known."""
    assert in_words(COUNTS | {"place": "memory"}) == (
        "1 answer in memory, 3.0 MiB.\n"
        "Since the start: 4 from the cache, 5 not there, 6 shared while they came."
    )
    assert in_words(COUNTS | {"place": "redis", "bytes": None}).startswith("1 answer in Redis.\n")

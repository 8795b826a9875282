"""The version people see, from the one place that declares it."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def studio_version() -> str:
    """The installed distribution's version; "0+source" when run without being installed.

    Looked up once: it takes a millisecond of files, and every picture of the status tells it.
    """
    try:
        return version("vllm-studio")
    except PackageNotFoundError:
        return "0+source"

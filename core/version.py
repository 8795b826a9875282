"""The version people see, from the one place that declares it."""

from importlib.metadata import PackageNotFoundError, version


def studio_version() -> str:
    """The installed distribution's version; "0+source" when run without being installed."""
    try:
        return version("vllm-studio")
    except PackageNotFoundError:
        return "0+source"

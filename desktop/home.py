"""The data directory, made before anything lies in it; or a sentence that says why it is not."""

import os

from core.errors import Unavailable
from core.settings import Settings, home_dir, load_settings


def settings_here() -> Settings:
    """The settings; the first time, the keys among them are made. Raises Unavailable."""
    try:
        return load_settings()
    except OSError as error:
        raise _unusable(error) from error


def make_home(settings: Settings) -> None:
    """Make the data directory and its rooms. Raises Unavailable."""
    try:
        settings.paths.create()
    except OSError as error:
        raise _unusable(error) from error


def _unusable(error: OSError) -> Unavailable:
    """With the folder, and what would help."""
    why = f"{error.filename}: {(error.strerror or str(error)).lower()}"
    return Unavailable(
        f"the data directory {home_dir(os.environ)} can not be used: {why}",
        code="home-unusable",
        next_action="make that folder writable for you, or name another one: "
        "VLLM_STUDIO_HOME=/path/to/folder",
    )

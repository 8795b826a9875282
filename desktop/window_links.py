"""What may be shown inside the window, and what belongs in the person's browser."""

import os
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

OUTSIDE = ("http", "https", "mailto")


def origin_of(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port: what makes two addresses the same place."""
    parts = urlsplit(url)
    return (parts.scheme, parts.hostname, parts.port)


def is_external(url: str, home: str) -> bool:
    """Whether following the link would lead away from the app at `home`."""
    return urlsplit(url).scheme in OUTSIDE and origin_of(url) != origin_of(home)


def open_outside(url: str) -> bool:
    """In the system's browser; never anything but a web or mail address."""
    return urlsplit(url).scheme in OUTSIDE and webbrowser.open(url)


def downloads_folder(environ: Mapping[str, str] = os.environ, home: Path | None = None) -> Path:
    """Where downloads go when no dialog asks: made when missing."""
    folder = Path(environ.get("XDG_DOWNLOAD_DIR") or (home or Path.home()) / "Downloads")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def unused(path: Path) -> Path:
    """The path, or the first of `name (1).ext`, `name (2).ext`… that does not exist."""
    candidate, number = path, 0
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.stem} ({number}){path.suffix}")
    return candidate


def download_target(suggested: str, folder: Path | None = None) -> Path:
    """A free place for a download; the page's suggestion is only a name, never a path."""
    name = Path(suggested.replace("\\", "/")).name or "download"
    return unused((folder or downloads_folder()) / name)

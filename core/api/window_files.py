"""The window's own files at `/`, and its pages at any other path a browser may reload."""

import logging
import mimetypes
from pathlib import Path
from typing import Any

import msgspec
from litestar import Response, get
from litestar.exceptions import NotFoundException

from webui import NotBuilt, assets_dir

log = logging.getLogger(__name__)

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; "
    "font-src 'self'; connect-src 'self'; worker-src 'self'; frame-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
# The frame that draws diagrams writes styles of its own, and in turn can fetch nothing at all.
DRAWER = "diagram.html"
DRAWER_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
FOR_EVER = "public, max-age=31536000, immutable"  # names under assets/ carry a hash


def said_in(language: str) -> dict[str, str]:
    """The window's words in "de" or "zh" for what the server says, by its English template.

    Empty where the web UI was not built, or not whole, or holds no such language.
    """
    try:
        return msgspec.json.decode(
            (assets_dir() / "said" / f"{language}.json").read_bytes(), type=dict[str, str]
        )
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        log.warning(
            "said/%s.json can not be read, so causes are told in English: %s", language, error
        )
        return {}


def window_handlers() -> list[Any]:
    """Handlers over the built web UI; a sentence instead when it was not built."""

    @get(["/", "/{path:path}"], include_in_schema=False)
    async def window_file(path: Path | None = None) -> Response[Any]:
        """A file, or the page itself for every path the page knows how to show."""
        try:
            root = assets_dir().resolve()
        except NotBuilt as missing:
            return Response(str(missing), status_code=503, media_type="text/plain; charset=utf-8")
        wanted = (root / str(path or "").lstrip("/")).resolve()
        if path is not None and str(path).lstrip("/").startswith(("api/", "v1/", "schema")):
            raise NotFoundException(f"there is nothing at {path}")
        if wanted.is_file() and wanted.is_relative_to(root):
            return file_response(wanted, for_ever="assets" in wanted.parts)
        if wanted.suffix:
            raise NotFoundException(f"there is nothing at {path}")
        return file_response(root / "index.html", for_ever=False)

    return [window_file]


def file_response(path: Path, *, for_ever: bool) -> Response[bytes]:
    """The file with its type, its cache rule and the page's safety headers."""
    media = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    cache = FOR_EVER if for_ever else "no-cache"
    headers = HEADERS | {"cache-control": cache}
    if path.name == DRAWER:
        headers["content-security-policy"] = DRAWER_CSP
    return Response(path.read_bytes(), media_type=media, headers=headers)

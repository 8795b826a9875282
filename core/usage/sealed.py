"""Months that are sealed: their sums from a small file, their single requests from the segment.

The sums are packed; where they are asked, they are unpacked into the cache first, and made anew
from the segment's lines when this version counts what an older one did not. While a month's live
log is there it is asked, and what lies beside it is not.
"""

import logging
import lzma
import os
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from core.settings import Paths
from events.audit.segments import Segment
from events.connections import open_reader
from events.errors import LogUnavailable
from events.projections import rollup
from events.projections.request_log import LoggedRequest, RequestFilter
from events.projections.request_records import RequestRecords
from events.projections.sealed_requests import sealed_requests

log = logging.getLogger(__name__)

UNUSED_S = 7 * 86_400.0  # after which an unpacked month is thrown away
TOUCH_S = 3600.0
_MONTH = re.compile(r"(?!0000)[0-9]{4}-(0[1-9]|1[0-2])")


def is_month(text: str) -> bool:
    """Whether it is such as 2026-11. A file of another name is none of ours, and left alone."""
    return _MONTH.fullmatch(text) is not None


class SealedBooks:
    """Reads from any thread."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._folder = paths.cache / "months"
        self._unpacking = threading.Lock()

    def names(self) -> set[str]:
        """The months of which there is a segment, or the sums."""
        found = (path for kind in ("segment", "rollup") for path in self._files(kind))
        return {name for path in found if is_month(name := path.stem.removeprefix("usage-"))}

    @contextmanager
    def sums(self, month: str) -> Iterator[sqlite3.Connection]:
        """The sums of a month, as those of a live log are asked.

        Raises LogUnavailable when they can not be read.
        """
        image = self._image(month)
        try:
            if not image.exists():
                self._unpack(month, image)
            elif time.time() - image.stat().st_mtime > TOUCH_S:
                os.utime(image)
            with closing(open_reader(image)) as connection:
                yield connection
        except sqlite3.DatabaseError as error:
            image.unlink(missing_ok=True)  # the next one who asks unpacks it again
            raise LogUnavailable(f"the sums of {month} can not be read: {error}") from error
        except (OSError, sqlite3.Error, lzma.LZMAError, EOFError) as error:
            raise LogUnavailable(f"the sums of {month} can not be read: {error}") from error

    def requests(
        self, month: str, wanted: RequestFilter, *, before: int | None, limit: int
    ) -> list[LoggedRequest] | None:
        """The wanted requests, newest first; None: the single requests are not there any more.

        Raises EventError when they can not be read.
        """
        path = self._paths.usage_segment(month)
        if not path.exists():
            return None
        with ExitStack() as opened, Segment.open(path) as segment:
            return sealed_requests(
                segment,
                lambda: opened.enter_context(self.sums(month)),
                wanted,
                before=before,
                limit=limit,
            )

    def sweep(self) -> None:
        """Throw away what nobody has asked for in days; it is made again when somebody does."""
        for path in self._folder.glob("usage-*"):
            if time.time() - path.stat().st_mtime > UNUSED_S:
                path.unlink(missing_ok=True)

    def _files(self, kind: str) -> Iterator[Path]:
        return self._paths.home.glob(f"usage-????-??.{kind}")

    def _image(self, month: str) -> Path:
        """Where the unpacked sums lie; another file, another name."""
        try:
            found = self._paths.usage_rollup(month).stat()
            stamp = f"{found.st_size:x}-{found.st_mtime_ns:x}"
        except FileNotFoundError:
            stamp = "anew"
        return self._folder / f"usage-{month}.{RequestRecords.version}.{stamp}.db"

    def _unpack(self, month: str, image: Path) -> None:
        with self._unpacking:
            if image.exists():
                return
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            scratch = image.with_suffix(".new")
            scratch.unlink(missing_ok=True)
            segment = self._paths.usage_segment(month)
            if not self._is_current(month, scratch) and segment.exists():
                log.info("the sums of %s are made anew", month)
                with Segment.open(segment) as lines:
                    rollup.fold_anew(lines, scratch)
            for older in self._folder.glob(f"usage-{month}.*.db"):
                older.unlink(missing_ok=True)
            scratch.replace(image)

    def _is_current(self, month: str, scratch: Path) -> bool:
        """Unpack them; False: this version counts otherwise. Without a segment they must do."""
        try:
            rollup.unpack(self._paths.usage_rollup(month), scratch)
            with closing(open_reader(scratch)) as connection:
                return rollup.version_of(connection) == RequestRecords.version
        except (OSError, sqlite3.Error, lzma.LZMAError, EOFError):
            if not self._paths.usage_segment(month).exists():
                scratch.unlink(missing_ok=True)
                raise
            return False

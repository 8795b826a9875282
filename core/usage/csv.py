"""Usage as a table for spreadsheets: a header, one line each, and nothing that is run on opening.

Anybody can name a model in a request. A cell that begins like a formula gets an apostrophe, as
spreadsheets themselves do it, so that `=HYPERLINK(…)` stays a text.
"""

import csv
import io
from collections.abc import Iterable, Sequence

from core.usage.report import UsageEntry

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")
NUMBERS = (
    "requests", "uncounted", "prompt_tokens", "completion_tokens", "cached_tokens",
    "reasoning_tokens", "saved_tokens", "wait_ms", "load_ms", "cost", "energy_j", "energy_cost",
)  # fmt: skip
LATENCIES = ("ttft", "itl", "duration")
TOLD = ("mean", "p50", "p95", "p99")


def table(rows: Iterable[UsageEntry], by: Sequence[str]) -> str:
    """The rows as CSV (RFC 4180); what is not known is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    named = ("key_name",) if "key" in by else ()
    latencies = tuple(f"{measure}_{told}_ms" for measure in LATENCIES for told in TOLD)
    writer.writerow((*by, *named, *NUMBERS, *latencies))
    for row in rows:
        writer.writerow(
            (
                *(safe(row.group[name]) for name in by),
                *(safe(row.key_name or "") for _ in named),
                *(_number(getattr(row, name)) for name in NUMBERS),
                *(
                    _number(getattr(getattr(row, measure), told))
                    for measure in LATENCIES
                    for told in TOLD
                ),
            )
        )
    return text.getvalue()


def safe(value: str | int) -> str:
    """A text that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if text.startswith(FORMULAS) else text


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.6f}".rstrip("0").rstrip(".")

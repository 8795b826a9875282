"""What of a request's query goes on to LiteLLM: not that by which a caller would steer it.

For LiteLLM a query is as good as a body: `?model=` even wins over the body's model, and every name
that the body lacks is put into it. So what may not stand in a body is left out here. An engine gets
the query as it was written.
"""

from urllib.parse import unquote_plus

from core.steering import LAID_OVER, steers

_NAMES_A_MODEL = frozenset({"model", "target_model_names", LAID_OVER})


def on_to_gateway(query: bytes) -> bytes:
    """The query for LiteLLM; byte for byte the caller's where nothing must be left out."""
    if not query:
        return query
    return b"&".join(part for part in query.split(b"&") if not _is_left_out(part))


def _is_left_out(part: bytes) -> bool:
    """LiteLLM takes some names in any case, and writes `api-version` for `api_version`."""
    name = unquote_plus(part.partition(b"=")[0].decode("latin-1")).strip().lower()
    return name in _NAMES_A_MODEL or steers(name) or steers(name.replace("-", "_"))

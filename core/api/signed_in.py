"""Where a browser comes back from signing in at an MCP server: a page that says how it went.

It is the person's own browser, which holds no key of ours; what lets it in is the `state` that it
brings back, once and in time. The page shows nothing of what the browser brought, runs nothing,
and is kept nowhere. Why it did not go well stands on the page Tools.
"""

from typing import Annotated

from litestar import Response, get
from litestar.params import HeaderParameter, QueryParameter

from core.application import Application
from core.errors import Refused
from core.mcp.sign_ins import PATH

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;"
    "margin:20vh auto;padding:0 1rem}h1{font-size:1.25rem}"
)
WORDS = {  # it went well, what then; it did not, what then
    "en": (
        "You are signed in",
        "You can close this page.",
        "You are not signed in",
        "The page Tools of vLLM Studio says why. Begin again there.",
    ),
    "de": (
        "Du bist angemeldet",
        "Du kannst diese Seite schließen.",
        "Du bist nicht angemeldet",
        "Die Seite „Werkzeuge“ von vLLM Studio sagt, warum. Beginne dort noch einmal.",
    ),
    "zh": (
        "已登录",
        "可以关闭此页面。",
        "未登录",
        "原因见 vLLM Studio 的“工具”页面，请在那里重新开始。",
    ),
}


@get(PATH, include_in_schema=False)
async def signed_in(
    application: Application,
    brought: Annotated[str, QueryParameter(name="state")] = "",
    code: str = "",
    error: str = "",
    iss: str | None = None,
    languages: Annotated[str, HeaderParameter(name="accept-language")] = "",
) -> Response[str]:
    """Hand what the browser brought to whoever waits for it, and say how it went."""
    try:
        came = await application.mcp.sign_ins.finish(brought, code, error, iss)
    except Refused:
        went_well = False
    else:
        went_well = came.message == ""
    status = 200 if went_well else 400
    page = page_of(language_of(languages), went_well=went_well)
    return Response(
        page, status_code=status, media_type="text/html; charset=utf-8", headers=HEADERS
    )


def page_of(language: str, *, went_well: bool) -> str:
    """The whole page."""
    head, rest = WORDS[language][:2] if went_well else WORDS[language][2:]
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{head}</title>'
        f"<style>{STYLE}</style><h1>{head}</h1><p>{rest}</p></html>"
    )


def language_of(accepted: str) -> str:
    """The first language of a browser that we have words in."""
    for one in accepted.split(","):
        tag = one.partition(";")[0].strip().partition("-")[0].lower()
        if tag in WORDS:
            return tag
    return "en"


HANDLERS = (signed_in,)

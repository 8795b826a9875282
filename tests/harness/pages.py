"""The pages of the window, as its router names them."""

import re

from tests.harness.studio import ROOT

ROUTER = ROOT / "webui" / "src" / "lib" / "router.svelte.ts"


def page_names() -> tuple[str, ...]:
    """Every page, the dashboard first."""
    listed = re.search(r"export const PAGES = \[(.*?)\]", ROUTER.read_text(), re.DOTALL)
    assert listed, f"{ROUTER.name} lists its pages as PAGES"
    return tuple(re.findall(r"'([a-z-]+)'", listed[1]))


def path_of(page: str) -> str:
    """Its path on the server: "/", "/chat"."""
    return "/" if page == "dashboard" else f"/{page}"

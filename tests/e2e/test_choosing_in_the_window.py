"""What a conversation can speak to beside recipes: a virtual model, and one of a provider."""

import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.test_inspector_in_the_window import choose, inspector, say
from tests.e2e.test_pages_of_management import demand_accessible, window
from tests.e2e.test_window_in_browsers import in_both_themes
from tests.harness.ports import free_port
from tests.harness.sim import SIM_ENGINE, sim_recipe
from tests.harness.studio import StudioServer, words
from tests.harness.waiting import eventually

HERE, VIRTUAL, REMOTE = "choice-here", "choice-best", "afar/inner"


@pytest.fixture
def offering(studio: StudioServer) -> Iterator[StudioServer]:
    """A recipe, a virtual model in front of it, and a provider with one model."""
    port = free_port()
    program = [sys.executable, str(SIM_ENGINE), "--port", str(port), "--quiet"]
    process = subprocess.Popen(
        [*program, "--served-model-name", "inner", "--tokens", "3"], stdout=subprocess.DEVNULL
    )
    try:
        eventually(lambda: _answers(port), within=60, what="the provider answers")
        studio.add(sim_recipe(HERE, tokens=5))
        studio.post("/api/virtual-models", {"name": VIRTUAL, "members": [HERE]})
        base = f"http://127.0.0.1:{port}/v1"
        afar = {"id": "afar", "kind": "openai-compatible", "api_base": base}
        models = {"models": [{"model": "inner"}], "api_key": "sk-of-the-provider"}
        studio.post("/api/providers", afar | models)
        yield studio
        for path in (f"virtual-models/{VIRTUAL}", "providers/afar"):
            studio.http.delete(f"/api/{path}", headers=studio.owner()).raise_for_status()
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=10).status_code == 200
    except httpx.TransportError:
        return False


def test_what_is_no_recipe_is_chosen_compared_and_measured_openly(offering: StudioServer) -> None:
    """Both answer the same question side by side; the meter says what nobody knows of them."""
    with window(offering, "dark", "chat?of=new") as page:
        choose(page, REMOTE)
        meter = inspector(page)
        expect(meter).to_contain_text("How much it can hold, its provider does not tell.")
        expect(meter).to_contain_text("its provider is not asked to count")
        expect(page.get_by_role("combobox", name="Model")).to_contain_text(REMOTE)
        choose(page, VIRTUAL)
        expect(meter).to_contain_text("How much it can hold depends on which model answers.")
        page.get_by_role("button", name="Compare with").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("checkbox", name=VIRTUAL)).to_be_checked()
        expect(dialog.get_by_text("at afar")).to_be_visible()
        dialog.get_by_role("checkbox", name=REMOTE).check()
        demand_accessible(page)
        in_both_themes(page, "compare-offers")
        dialog.get_by_role("button", name="Compare").click()
        say(page, "Who?")
        beside = page.get_by_role("region", name="Answers side by side")
        for name, told in ((VIRTUAL, words(5)), (REMOTE, words(3))):
            column = beside.get_by_role("region", name=name)
            expect(column.get_by_text(told, exact=True)).to_be_visible(timeout=120_000)
        page.reload()
        expect(
            page.get_by_role("region", name="Answers side by side").or_(page.get_by_text("2/2"))
        ).to_be_visible()

"""Recipes in the window, over the real app: every field, the command line, revisions and files."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.test_pages_of_management import demand_accessible, window
from tests.harness.studio import StudioServer
from tests.harness.toasts import undo

THEMES = ("dark", "light")
FLAG = "--gpu-memory-utilization"


def saved(studio: StudioServer, recipe_id: str) -> dict[str, Any]:
    """What is in force."""
    recipe: dict[str, Any] = studio.get(f"/api/recipes/{recipe_id}")["recipe"]
    return recipe


def field(page: Page, name: str) -> Any:
    """One row of the form."""
    return page.locator(f'[data-field="{name}"]')


def test_a_field_is_found_by_its_flag_set_and_taken_back(quick_studio: StudioServer) -> None:
    """Mistakes at their fields, the command line's difference, who did what, and back again."""
    for theme in THEMES:
        set_a_field(quick_studio, theme)


def set_a_field(studio: StudioServer, theme: str) -> None:
    """In one theme."""
    name = f"edited-{theme}"
    studio.add({"id": name, "model": "Qwen/Qwen3-8B", "context_length": 8192})
    with window(studio, theme, f"recipes?of={name}") as page:
        search = page.get_by_role("searchbox", name="Find a field")
        fraction = field(page, "memory_fraction")
        expect(field(page, "context_length")).to_be_visible()
        expect(fraction).to_have_count(0)
        search.fill(FLAG)
        expect(fraction).to_contain_text("engine’s default")
        expect(page.locator("[data-field]")).to_have_count(1)
        box = fraction.get_by_role("textbox")
        box.fill("3")
        expect(fraction).to_contain_text("should be more than 0 and at most 1")
        expect(box).to_have_attribute("aria-invalid", "true")
        search.fill("")
        field(page, "context_length").get_by_role("textbox").fill("much")
        expect(page.get_by_text("2 mistakes")).to_be_visible()
        demand_accessible(page)
        page.get_by_role("button", name="Show the first").click()
        expect(field(page, "context_length").get_by_role("textbox")).to_be_focused()

        field(page, "context_length").get_by_role("textbox").fill("4096")
        box.fill("0.8")
        expect(fraction).to_contain_text("changed")
        lines = page.get_by_role("region", name="Command line")
        expect(lines.get_by_role("listitem").filter(has_text=FLAG)).to_contain_text("added")
        expect(lines.get_by_role("listitem").filter(has_text="--max-model-len")).to_contain_text(
            "changed"
        )
        page.keyboard.press("Control+s")
        expect(page.get_by_text(f"{name} was saved.")).to_be_visible()
        expect(fraction.locator(".source")).to_have_text("recipe")
        assert saved(studio, name)["memory_fraction"] == 0.8

        page.get_by_role("button", name="Revisions", exact=True).click()
        dialog = page.get_by_role("dialog", name=f"Revisions of {name}")
        expect(dialog.get_by_role("row").nth(1)).to_contain_text("window")
        expect(dialog.get_by_role("row").nth(2)).to_contain_text("command line")
        expect(dialog.get_by_role("region", name="From revision 1 to 2")).to_contain_text("8192")
        demand_accessible(page)
        dialog.get_by_role("button", name="Bring back revision 1").click()
        expect(page.get_by_text(f"{name} is as in revision 1 again.")).to_be_visible()
        assert "memory_fraction" not in saved(studio, name)
        expect(fraction).to_have_count(0)
        undo(page, f"{name} is as in revision 1 again.")
        expect(fraction).to_be_visible()
        assert saved(studio, name)["memory_fraction"] == 0.8
    assert [one["how"] for one in studio.get(f"/api/recipes/{name}/revisions")["revisions"]] == [
        *["revised"] * 3,
        "created",
    ]


def test_a_recipe_leaves_as_a_file_and_comes_back(
    quick_studio: StudioServer, tmp_path: Path
) -> None:
    """Exported, archived, and imported again beside one with a mistake, seen before it is saved."""
    for theme in THEMES:
        move_a_recipe(quick_studio, theme, tmp_path)


def move_a_recipe(studio: StudioServer, theme: str, tmp_path: Path) -> None:
    """In one theme."""
    name = f"moved-{theme}"
    studio.add({"id": name, "model": "org/model", "seed": 1})
    with window(studio, theme, f"recipes?of={name}") as page:
        page.get_by_role("button", name="Export").click()
        dialog = page.get_by_role("dialog", name="Export recipes")
        demand_accessible(page)
        with page.expect_download() as download:
            dialog.get_by_role("button", name="Save the file").click()
        assert download.value.suggested_filename == f"{name}.toml"
        file = tmp_path / "recipes.toml"
        file.write_text(
            download.value.path().read_text()
            + f'\n[[recipes]]\nid = "typo-{theme}"\nmodel = "x"\ncontxt_length = 1\n'
        )
        page.get_by_role("button", name="Archive", exact=True).click()
        expect(page.get_by_text(f"{name} was archived.")).to_be_visible()

        page.get_by_role("button", name="Import").click()
        dialog = page.get_by_role("dialog", name="Import recipes")
        dialog.locator("input[type=file]").set_input_files(file)
        told = dialog.get_by_role("list").get_by_role("listitem")
        expect(told.first).to_contain_text("from the archive, revision 2")
        expect(told.last).to_contain_text("Did you mean 'context_length'?")
        wrong = file.read_text().splitlines().index("contxt_length = 1") + 1
        expect(told.last).to_contain_text(f"line {wrong}")
        demand_accessible(page)
        dialog.get_by_role("button", name="Import one recipe").click()
        expect(page.get_by_text("One recipe was imported.")).to_be_visible()
        assert not studio.get(f"/api/recipes/{name}")["archived"]
        page.get_by_role("button", name="Revisions", exact=True).click()
        history = page.get_by_role("dialog", name=f"Revisions of {name}")
        expect(history).to_contain_text("imported from a toml file")
        page.keyboard.press("Escape")
    assert studio.happened("recipe-imported", recipe_id=name)

"""What the tray says: whole in every language, and in the window's own words for the server's."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.api import window_files
from core.api.window_files import said_in
from core.picture import headline as core_headline
from core.status import GatewayView, Status
from desktop.tray_menu import FLAT, Item, picture
from desktop.words import Language, Words, in_force
from desktop.words.headline import headline
from desktop.words.label import label, marked, unmarked
from desktop.words.language import LANGUAGES, first_spoken, wished_on_linux
from desktop.words.speech import CATALOGUES, Speech
from tests.desktop.pictures import change, machine, recipe, speech, templates
from tests.harness.tools import lacks
from tests.webui.catalogues import FOREIGN, PHRASES, ROOT, WORDS

DIST = ROOT / "webui" / "dist"
SAMPLES = json.loads((WORDS / "said.samples.json").read_text(encoding="utf-8"))
LOADING = recipe("qwen", "loading", percent=62.4, eta_s=12.0)
FAILED = recipe("qwen", "failed", error="the disk is full")
SCENES: dict[str, Status] = {
    "loading": machine(LOADING),
    "draining": machine(switch=change("qwen", step="draining", in_flight=3)),
    "draining one": machine(switch=change("qwen", step="draining", in_flight=1)),
    "switching": machine(recipe("qwen"), switch=change("qwen")),
    "bringing": machine(recipe("qwen"), switch=change("qwen", "load")),
    "evicting": machine(recipe("qwen"), switch=change("qwen", "evict")),
    "evicting all": machine(switch=change(None, "evict")),
    "installing": machine(gateway=GatewayView(state="installing", port=4000)),
    "ready": machine(recipe("qwen", "ready"), state="ready", active="qwen"),
    "failed": machine(FAILED, state="failed", failed="qwen"),
    "failed somehow": machine(recipe("qwen", "failed"), state="failed", failed="qwen"),
    "nothing": machine(),
}
CROWDED = machine(
    *(recipe(f"model_{n}", "ready") for n in range(FLAT + 3)),
    switches=(change("model_1"), change("model_2", "load")),
)
places = re.compile(r"\{\w+\}").findall


def words_of(words: Words) -> dict[str, str]:
    """The sentences by name."""
    return msgspec.structs.asdict(words)


def levels(menu: tuple[Item, ...]) -> Iterator[tuple[Item, ...]]:
    """The menu and each of its submenus."""
    yield menu
    for item in menu:
        if item.submenu:
            yield from levels(item.submenu)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_holds_what_its_english_holds(language: Language) -> None:
    """None is empty, and no value is left out or named otherwise."""
    english = words_of(CATALOGUES["en"])
    for name, text in words_of(CATALOGUES[language]).items():
        assert text, f"{language}: {name}"
        assert sorted(places(text)) == sorted(places(english[name])), f"{language}: {name}"
        assert text.count("_") <= 1, f"{language}: {name}"
        assert ("_" in text) == ("_" in english[name]), f"{language}: {name}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("status", [*SCENES.values(), CROWDED])
def test_a_letter_chooses_one_line(language: Language, status: Status) -> None:
    """No two lines of one menu wait for the same letter."""
    for level in levels(picture(status, Speech(language)).menu):
        letters = [item.label[item.access].lower() for item in level if item.access is not None]
        assert len(letters) == len(set(letters)), letters


@pytest.mark.parametrize("status", SCENES.values(), ids=list(SCENES))
def test_the_english_headline_is_the_one_of_the_api(status: Status) -> None:
    """Two places say it, and they agree."""
    named = tuple(msgspec.structs.replace(r, name=r.id) for r in status.recipes)
    failure = next((r for r in named if r.id == status.failed), None)
    said = core_headline(status.switch, status.active, named, status.gateway, failure)
    assert headline(status, Speech()) == said


@pytest.mark.parametrize("language", FOREIGN)
def test_nothing_of_the_menu_stays_english(language: Language) -> None:
    """In any state of the machine, but for names and addresses."""
    for status in (*SCENES.values(), CROWDED):
        english, other = picture(status, Speech()), picture(status, speech(language))
        assert english.title != other.title
        for ours, theirs in zip(levels(english.menu), levels(other.menu), strict=True):
            same = {i.label for i in ours if i.label} & {i.label for i in theirs}
            assert same <= {r.id for r in status.recipes}


@pytest.mark.parametrize(
    ("language", "far"),
    [("de", "Lädt qwen 62 %, noch etwa 1,5 h"), ("zh", "正在加载 qwen 62%，还需约 1.5 小时")],
)
def test_figures_are_written_as_the_language_does(language: Language, far: str) -> None:
    """The decimal sign, the unit, the sign for a share."""
    slow = machine(recipe("qwen", "loading", percent=62.4, eta_s=5400.0))
    assert headline(slow, speech(language)) == far


@pytest.mark.parametrize("language", FOREIGN)
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: str(sample["english"])[:40])
def test_the_server_is_translated_as_in_the_window(
    language: Language, sample: dict[str, str]
) -> None:
    """The window's tests hold its own code to the same sentences."""
    assert speech(language).told(sample["english"]) == sample[language]


@pytest.mark.real
@pytest.mark.parametrize("language", FOREIGN)
def test_the_built_window_brings_its_words(language: Language) -> None:
    """What the tray of an installed app reads is what stands in the window's sources."""
    sources = [WORDS / language / f"{part}.ts" for part in PHRASES]
    built = DIST / "said" / f"{language}.json"
    if not built.exists() or built.stat().st_mtime < max(s.stat().st_mtime for s in sources):
        lacks("the web UI was not built since its words were changed")
    assert said_in(language) == templates(language)


def test_without_words_the_server_is_heard_as_it_is() -> None:
    """A window that was not built is no reason to say nothing."""
    assert Speech("de").told("the disk is full") == "the disk is full"
    assert said_in("xx") == {}


@pytest.mark.parametrize("found", [b'{"a": "b', b'["a"]', b'{"a": 1}', b'{"\xff": "b"}', None])
def test_words_that_can_not_be_read_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: bytes | None
) -> None:
    """A copy that is not whole has a tray all the same."""
    (tmp_path / "said").mkdir()
    path = tmp_path / "said" / "de.json"
    if found is None:
        path.mkdir()
    else:
        path.write_bytes(found)
    monkeypatch.setattr(window_files, "assets_dir", lambda: tmp_path)
    assert said_in("de") == {}


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({"LANG": "de_AT.UTF-8"}, "de"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "de_DE@euro"}, "de"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "fr:de:en"}, "de"),
        ({"LANG": "C.UTF-8", "LANGUAGE": "de"}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_system_is_asked_as_gettext_does(environ: dict[str, str], language: str) -> None:
    """LC_ALL over LC_MESSAGES over LANG; LANGUAGE is a list of wishes."""
    assert first_spoken(wished_on_linux(environ)) == language


def test_a_choice_outshines_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what a later version may call a language is as if nobody had chosen."""
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert [in_force(chosen) for chosen in ("auto", "zh", "en", "tlh")] == ["de", "zh", "en", "de"]


@pytest.mark.parametrize(
    ("template", "values", "shown"),
    [
        ("_Cancel the switch to {name}", {"name": "my_model"}, "&Cancel the switch to my_model"),
        ("Laden von {name} _abbrechen", {"name": "a&b"}, "Laden von a&&b &abbrechen"),
        ("Evict {name}", {"name": "qwen"}, "Evict qwen"),
    ],
)
def test_the_letter_stands_where_the_words_say(
    template: str, values: dict[str, Any], shown: str
) -> None:
    """Also behind a name that has the sign in it."""
    assert marked(*label(template, **values), "&") == shown


def test_a_letter_that_is_only_a_letter_can_be_left_out() -> None:
    """Where menus have none, Chinese would show it for nothing."""
    assert unmarked(*label("退出 (_Q)")) == "退出"
    assert unmarked(*label("_Quit")) == "Quit"

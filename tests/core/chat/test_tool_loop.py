"""Models that call tools: every call has one result, and nothing else ever becomes a call."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.chat import Added, Called, Ended, Grew
from core.chat.budget import NOT_AGAIN
from core.chat.calls import meant
from core.chat.carrying_out import NOT_APPROVED, NOT_KNOWN
from core.conversations import MessageView, Said
from core.errors import Invalid
from events.errors import LogUnavailable
from tests.core.chat.hand_tools import for_ever
from tests.core.chat.house import House
from tests.core.chat.scripted import DONE, Scripted, calls, chunk, says
from tests.harness.waiting import eventually

PARIS = ("hand__weather", '{"city": "Paris"}')
ROME = ("hand__weather", '{"city": "Rome"}')


def said(message: MessageView) -> Said:
    """What is sealed of it."""
    assert message.said is not None
    return message.said


def outline(messages: list[MessageView]) -> list[tuple[str, str, str]]:
    """Role, outcome and text of each."""
    return [(one.role, one.outcome, one.text or "") for one in messages]


async def until(what: str, condition: Any) -> None:
    """Wait for it, not for a while."""
    await asyncio.to_thread(eventually, condition, within=60, what=what)


async def test_a_call_its_result_and_the_answer_are_messages(house: House) -> None:
    """In one chain, under ids of their own; the model is told the result; a window hears it all."""
    script = house.say_in_turn(calls(PARIS, text="Let me look."), says("It is sunny."))
    which, events = await house.run()
    question, wants, result, answer = await house.messages(which)
    assert outline([wants, result, answer]) == [
        ("assistant", "whole", "Let me look."),
        ("tool", "whole", "sunny in Paris"),
        ("assistant", "whole", "It is sunny."),
    ]
    [call] = said(wants).tool_calls
    assert (call.name, call.arguments) == PARIS
    assert said(result).answers == call.id == house.tools.called[0].call_id
    tool = said(result).tool
    assert tool is not None
    assert (tool.server, tool.tool, tool.outcome, tool.approved) == (
        "hand",
        "weather",
        "done",
        "policy",
    )
    assert house.tools.actors == ["window"]
    first, second = script.asked
    assert [tool["function"]["name"] for tool in first["tools"]] == ["hand__weather"]
    assert second["messages"][1:] == [
        {
            "role": "assistant",
            "content": "Let me look.",
            "tool_calls": [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": PARIS[0], "arguments": PARIS[1]},
                }
            ],
        },
        {"role": "tool", "tool_call_id": call.id, "content": "sunny in Paris"},
    ]
    kinds = [type(one) for one in events]
    assert kinds == [Grew, Added, Called, Called, Called, Added, Grew, Ended]
    assert [one.call.state for one in events if isinstance(one, Called)] == [
        "running",
        "running",
        "done",
    ]
    ended = events[-1]
    assert isinstance(ended, Ended)
    assert ended.message == answer
    assert house.drafts() == []
    assert question.role == "user"


async def test_the_result_goes_to_the_model_on_later_turns_too(house: House) -> None:
    """The next question has the call and its result before it."""
    house.say_in_turn(calls(PARIS), says("Sunny."))
    which, _ = await house.run()
    last = (await house.messages(which))[-1]
    script = house.say(says("Yes."))
    reply = await house.begin(which, last.message_id, goes_on=False)
    await house.ended(reply)
    roles = [one["role"] for one in script.asked[0]["messages"]]
    assert roles == ["user", "assistant", "tool", "assistant"]
    assert "tools" not in script.asked[0]


async def test_calls_of_one_answer_run_side_by_side(house: House) -> None:
    """None waits for another; the model is told the results in the order of its calls."""
    both = asyncio.Barrier(2)

    async def slow_for_paris(arguments: dict[str, Any]) -> str:
        await both.wait()
        if arguments["city"] == "Paris":
            await until("the other is recorded", lambda: len(recorded) == 1)
        recorded.append(arguments["city"])
        return f"{arguments['city']} is fine"

    recorded: list[str] = []
    house.tools.tools["weather"] = slow_for_paris
    script = house.say_in_turn(calls(PARIS, ROME), says("Both are fine."))
    which, _ = await house.run()
    await house.messages(which)  # one chain
    told = [one["content"] for one in script.asked[1]["messages"] if one["role"] == "tool"]
    assert told == ["Paris is fine", "Rome is fine"]
    assert recorded == ["Rome", "Paris"]


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("hand__weather", '{"city": ', "no JSON"),
        ("hand__weather", '["Paris"]', "no JSON object"),
        ("hand__rain", "{}", "There is no tool 'hand__rain'. The tools are: hand__weather."),
        ("", "{}", "There is no tool without a name"),
    ],
)
async def test_a_malformed_call_is_answered_to_the_model(
    house: House, name: str, arguments: str, words: str
) -> None:
    """Nothing is called; the model may mend it; its history stays one that engines take."""
    script = house.say_in_turn(calls((name, arguments)), calls(PARIS), says("Sunny."))
    which, _ = await house.run()
    messages = await house.messages(which)
    assert words in (messages[2].text or "")
    assert [one.arguments for one in house.tools.called] == [{"city": "Paris"}]
    assert messages[-1].text == "Sunny."
    for asked in script.asked[1:]:
        for turn in asked["messages"]:
            for call in turn.get("tool_calls", ()):
                assert isinstance(eval(call["function"]["arguments"]), dict)


async def test_a_tool_may_be_named_without_its_server(house: House) -> None:
    """Small models do; where two servers have such a tool nothing is guessed."""
    house.say_in_turn(calls(("weather", '{"city": "Oslo"}')), says("Snow."))
    await house.run()
    assert [(one.name, one.arguments) for one in house.tools.called] == [
        ("hand__weather", {"city": "Oslo"})
    ]
    tool = house.tools.offered(("hand",))[0]
    other = msgspec.structs.replace(tool, name="other__weather", server="other")
    assert meant("weather", (tool, other)) is None
    assert meant("other__weather", (tool, other)) is other


async def test_a_chosen_tool_that_is_not_there_is_told(house: House) -> None:
    """The answer comes without it, and says so."""
    house.say(says("Hello."))
    which, _ = await house.run(tools=("hand/weather", "hand/rain", "off"))
    assert said((await house.messages(which))[-1]).missing == ("hand/rain", "off")


async def test_a_call_that_was_cut_at_the_limit_of_tokens_says_so(house: House) -> None:
    """The model would only write the same again."""
    begun = [{"index": 0, "id": "c", "function": {"name": "hand__weather", "arguments": '{"ci'}}]
    house.say_in_turn(
        Scripted((chunk("", tool_calls=begun), chunk("", finish="length"), DONE)), says("Oh.")
    )
    which, _ = await house.run()
    assert "limit of tokens" in ((await house.messages(which))[2].text or "")


async def test_a_run_ends_after_so_many_questions(house: House) -> None:
    """With a sentence; it can be continued with as many again."""
    cities = [calls(("hand__weather", f'{{"city": "{n}"}}')) for n in range(9)]
    house.say_in_turn(*cities)
    which, events = await house.run(iterations=3)
    ended = events[-1]
    assert isinstance(ended, Ended)
    assert ended.outcome == "cut"
    messages = await house.messages(which)
    assert [one.role for one in messages[1:]] == ["assistant", "tool"] * 3 + ["assistant"]
    assert "asked for tools 3 times" in said(messages[-1]).failure
    house.say(says("There it is."))
    reply = await house.begin(which, messages[-1].message_id, goes_on=True, tools=("hand",))
    await house.ended(reply)
    [again] = [one for one in await house.answers(which) if one.text]
    assert again.parent_id == messages[-2].message_id


async def test_a_run_ends_after_so_many_tokens(house: House) -> None:
    """Questions and answers together, as the engine counts them; and in the middle of one."""
    house.say_in_turn(calls(PARIS), calls(ROME), says("never asked"))
    which, _ = await house.run(tokens=200)
    messages = await house.messages(which)
    assert [one.role for one in messages[1:]] == ["assistant", "tool"] * 2 + ["assistant"]
    assert "220 tokens of the 200" in said(messages[-1]).failure
    house.say(Scripted([chunk("word ")] * 300))
    which, question = await house.asked()
    await house.ended(await house.begin(which, question, tokens=100))
    [answer] = await house.answers(which)
    assert (answer.outcome, answer.text) == ("cut", "word " * 100)


async def test_who_goes_round_in_circles_is_told_and_then_stopped(house: House) -> None:
    """The third time with a word about it; the fourth call is not carried out."""
    house.say(calls(PARIS))
    which, events = await house.run()
    ended = events[-1]
    assert isinstance(ended, Ended)
    assert ended.outcome == "cut"
    results = [one.text or "" for one in await house.messages(which) if one.role == "tool"]
    assert results[:2] == ["sunny in Paris"] * 2
    assert "third time" in results[2]
    assert results[3] == NOT_AGAIN
    assert len(house.tools.called) == 3
    assert "again and again" in said((await house.messages(which))[-1]).failure


async def test_a_tool_that_tells_something_new_may_be_asked_again(house: House) -> None:
    """Whoever waits for something to happen does not go round."""
    count = 0

    async def ticking(arguments: dict[str, Any]) -> str:
        nonlocal count
        count += 1
        return str(count)

    house.tools.tools["weather"] = ticking
    house.say_in_turn(*[calls(PARIS)] * 6, says("Six."))
    which, _ = await house.run()
    assert (await house.messages(which))[-1].text == "Six."


async def test_a_denied_call_is_told_to_the_model(house: House) -> None:
    """It is recorded as what it is, and was not carried out."""
    house.tools.asks = {"weather"}
    house.tools.answers.put_nowait(False)
    house.say_in_turn(calls(PARIS), says("Then not."))
    which, events = await house.run()
    result = (await house.messages(which))[2]
    assert said(result).tool.outcome == "denied"  # type: ignore[union-attr]
    assert house.tools.ran == []
    states = [one.call.state for one in events if isinstance(one, Called)]
    assert states == ["running", "asking", "denied"]


async def test_a_stop_while_one_waits_keeps_all_that_came(house: House) -> None:
    """The one that was done has its result, the other was not carried out; no draft is left."""
    house.tools.tools["asking"] = house.tools.tools["weather"]
    house.tools.asks = {"asking"}
    house.say(calls(PARIS, ("hand__asking", "{}")))
    which, question = await house.asked()
    reply = await house.begin(which, question, tools=("hand",))
    await until("one is done", lambda: (len(house.tools.ran), len(house.tools.called)) == (1, 2))
    await until("it is recorded", lambda: len(_states(house, which, "done")) == 1)
    await house.chat.stop(which, reply.reply_id)
    messages = await house.messages(which)
    assert outline(messages[2:]) == [
        ("tool", "whole", "sunny in Paris"),
        ("tool", "stopped", NOT_APPROVED),
    ]
    assert house.drafts() == []


def _states(house: House, which: str, state: str) -> list[str]:
    views = house.chat.under_way(which)
    return [row.call_id for view in views for row in view.calls if row.state == state]


async def test_a_stop_while_one_runs_does_not_say_that_nothing_was_done(house: House) -> None:
    """Nobody knows how far it came."""
    house.tools.tools["weather"] = for_ever
    house.say(calls(PARIS))
    which, question = await house.asked()
    reply = await house.begin(which, question, tools=("hand",))
    await until("it runs", lambda: bool(house.tools.ran))
    await house.chat.stop(which, reply.reply_id)
    assert outline(await house.messages(which))[-1] == ("tool", "stopped", NOT_KNOWN)


async def test_a_crash_leaves_a_chain_and_is_not_repeated_by_itself(
    house: House, tmp_path: Path
) -> None:
    """Recorded steps stay, a call that ran has an unknown end; going on calls nothing again."""
    house.tools.tools["hangs"] = for_ever
    house.say_in_turn(calls(PARIS), calls(ROME, ("hand__hangs", "{}")), says("never"))
    which, question = await house.asked()
    await house.begin(which, question, tools=("hand",))
    await until("it hangs", lambda: len(house.tools.ran) == 3)
    await until("the others are recorded", lambda: len(_states(house, which, "done")) == 2)
    messages = await house.messages(which)
    while len(messages) < 5:
        messages = await house.messages(which)

    again = tmp_path / "again"  # the disk as a kill -9 leaves it
    shutil.copytree(house.home, again, ignore=shutil.ignore_patterns("again"))
    after = House(again)
    try:
        for _ in range(2):
            await after.chat.recover()
            left = await after.messages(which)
            assert outline(left[2:]) == [
                ("tool", "whole", "sunny in Paris"),
                ("assistant", "whole", ""),
                ("tool", "whole", "sunny in Rome"),
                ("tool", "cut", NOT_KNOWN),
            ]
            assert after.drafts() == []
        script = after.say(says("I do not know."))
        reply = await after.begin(which, left[-1].message_id, goes_on=True, tools=("hand",))
        await after.ended(reply)
        assert after.tools.called == []
        assert script.asked[0]["messages"][-1]["content"] == NOT_KNOWN
    finally:
        after.close()


async def test_a_crash_between_two_steps_leaves_an_answer_that_was_cut(
    house: House, tmp_path: Path
) -> None:
    """The steps before it are whole."""
    house.say_in_turn(calls(PARIS), Scripted((chunk("It is"), DONE), holds_after=1))
    which, question = await house.asked()
    reply = await house.begin(which, question, tools=("hand",))
    follow = house.chat.follow(which, reply.reply_id, 0)
    async for _, event in follow:
        if isinstance(event, Grew):
            break
    await follow.aclose()
    await until("it is kept", lambda: _kept_text(house) == "It is")
    again = tmp_path / "again"
    shutil.copytree(house.home, again, ignore=shutil.ignore_patterns("again"))
    after = House(again)
    try:
        await after.chat.recover()
        assert outline(await after.messages(which))[-1] == ("assistant", "cut", "It is")
    finally:
        after.close()


def _kept_text(house: House) -> str:
    from core.chat.drafts import Drafts

    left = [one for _, one in Drafts(house.home / "drafts", house.keys).left() if one]
    last = left[-1].messages[-1].said if left else None
    return last.text if last else ""


async def test_a_full_disk_in_the_middle_loses_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run ends, says so, and the next start records what it brought."""

    async def full(*_: object, **__: object) -> str:
        raise LogUnavailable("the disk is full")

    house.say_in_turn(calls(PARIS), says("never asked"))
    which, question = await house.asked()
    with monkeypatch.context() as patch:
        patch.setattr(house.conversations, "add", full)
        reply = await house.begin(which, question, tools=("hand",))
        events = await house.happened(reply)
    ended = events[-1]
    assert isinstance(ended, Ended)
    assert "recorded when the studio starts again" in ended.problem
    await house.chat.recover()
    roles = [one.role for one in await house.messages(which)]
    assert roles == ["user", "assistant", "tool"]
    assert house.tools.called == [], "what could not be recorded was not done"


async def test_an_erased_conversation_ends_its_calls(house: House) -> None:
    """Nothing of it goes on, and nothing of it is left."""
    house.tools.asks = {"weather"}
    house.say(calls(PARIS))
    which, question = await house.asked()
    await house.begin(which, question, tools=("hand",))
    await until("it asks", lambda: bool(_states(house, which, "asking")))
    await house.chat.end_of(which)
    await house.conversations.erase(which, actor="window")
    assert house.chat.under_way(which) == ()
    assert house.drafts() == []


async def test_who_comes_in_the_middle_sees_what_waits(house: House) -> None:
    """The calls with their states, and which message grows next."""
    house.tools.asks = {"weather"}
    house.say_in_turn(calls(PARIS, text="Look:"), says("Sunny."))
    which, question = await house.asked()
    reply = await house.begin(which, question, tools=("hand",))
    await until("it asks", lambda: bool(_states(house, which, "asking")))
    [view] = house.chat.under_way(which)
    [row] = view.calls
    assert (row.server, row.tool, row.state) == ("hand", "weather", "asking")
    assert view.text == ""
    assert view.message_id != view.reply_id == view.parent_id
    house.tools.answers.put_nowait(True)
    events = await house.happened(reply, after=view.events)
    assert [type(one) for one in events] == [Called, Called, Added, Grew, Ended]
    added = events[2]
    assert isinstance(added, Added)
    assert added.message_id == view.message_id
    assert (await house.messages(which))[-1].message_id == view.message_id


@pytest.mark.parametrize(
    ("wish", "field"), [({"iterations": 0}, "iterations"), ({"tokens": 7}, "tokens")]
)
async def test_budgets_have_bounds(house: House, wish: dict[str, Any], field: str) -> None:
    """A run without an end is none."""
    which, question = await house.asked()
    with pytest.raises(Invalid) as refused:
        await house.begin(which, question, **wish)
    assert refused.value.field == field

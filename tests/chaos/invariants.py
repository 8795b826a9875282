"""What must be true however bad the night was. Each is a pure function: history → what is wrong.

Nothing here looks at the world: `collecting.py` has done that. An empty answer means that it holds.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from events.facts import (
    EngineAdopted,
    EngineBecameReady,
    EngineCrashed,
    EngineLost,
    EngineStarted,
    EngineStartFailed,
    EngineStartRequested,
    EngineStopped,
    EngineStopRequested,
    GatewayCrashed,
    GatewayStarted,
    GatewayStopped,
    SwitchCancelled,
    SwitchCompleted,
    SwitchFailed,
    SwitchRequested,
)
from tests.chaos.history import Client, History, Life, Told, Window
from tests.harness.studio import words

Invariant = Callable[[History], list[str]]

SLOWEST_TOKENS_PER_S = 40.0
TO_STOP_S = 10.0  # of a drain that was cut, an engine that ignores SIGTERM, a busy machine
BOOKED_WITHIN_S = 4.0  # a record may wait so long for LiteLLM's counts; a kill then loses it
LAUNCHED_WITHIN_S = 15.0  # from the intent to the process's own first line
TOGETHER_S = 0.05  # the witness of an exit needs a moment to write it down

ENGINE_OVER = (EngineStopped, EngineStartFailed, EngineCrashed, EngineLost)
ENGINE_ANSWERED = (*ENGINE_OVER, EngineBecameReady, EngineAdopted)
SWITCH_OVER = (SwitchCompleted, SwitchFailed, SwitchCancelled)


# ---- the log ------------------------------------------------------------------------------------


def every_intent_has_an_outcome(history: History) -> list[str]:
    """What was asked for was done, or failed, or was given up – and the log says which."""
    log = history.log
    return [
        *_unanswered(log, SwitchRequested, SWITCH_OVER, "switch_id"),
        *_unanswered(log, EngineStartRequested, ENGINE_ANSWERED, "engine_id"),
        *_unanswered(log, EngineStopRequested, ENGINE_OVER, "engine_id"),
        *_unanswered(log, EngineBecameReady, ENGINE_OVER, "engine_id"),
        *_unanswered(log, EngineAdopted, ENGINE_OVER, "engine_id"),
        *_unanswered(log, GatewayStarted, (GatewayStopped, GatewayCrashed), None),
    ]


def _unanswered(
    log: Sequence[Told], asked: type, answers: tuple[type, ...], key: str | None
) -> Iterator[str]:
    """Intents after which no outcome of the same thing stands in the log."""
    last: dict[object, int] = {}
    for told in log:
        if isinstance(told.event, answers):
            last[getattr(told.event, key) if key else None] = told.position
    for told in log:
        if isinstance(told.event, asked):
            thing = getattr(told.event, key) if key else None
            if last.get(thing, 0) < told.position:
                yield f"{asked.__name__} at {told.position} has no outcome: {told.event}"


def the_log_verifies(history: History) -> list[str]:
    """Every leaf is the hash of its line, and the tree is the tree of its leaves."""
    return list(history.log_problems)


def replay_from_zero_is_what_was_shown(history: History) -> list[str]:
    """Folding the whole log again gives every read model as it stands."""
    return [f"replayed, {table} is another" for table in history.replay_differs]


# ---- the machine --------------------------------------------------------------------------------


def never_beyond_the_budget(history: History) -> list[str]:
    """At no moment did more engine processes run than may be in memory at once."""
    return [
        f"{len(running)} at once at {at:.3f}: {_names(running)}"
        for at, running in _moments(history.lives)
        if len(running) > history.budget
    ]


def never_two_of_one_model(history: History) -> list[str]:
    """No model was loaded twice."""
    return [
        f"two of one model at {at:.3f}: {_names(running)}"
        for at, running in _moments(history.lives)
        if len({life.model for life in running}) < len(running)
    ]


def _moments(lives: Sequence[Life]) -> Iterator[tuple[float, list[Life]]]:
    """Who ran at the moment each life began, and for a moment more than that."""
    for newest in lives:
        at = newest.began
        yield (
            at,
            [
                life
                for life in lives
                if life.began <= at and (life.ended is None or life.ended > at + TOGETHER_S)
            ],
        )


def every_process_is_in_the_log(history: History) -> list[str]:
    """No engine ran that the log does not know, or knows twice."""
    started = Counter(
        (told.event.recipe_id, told.event.pid)
        for told in history.log
        if isinstance(told.event, EngineStarted)
    )
    unrecorded = _intents_without_a_process(history.log)
    wrong = []
    for life in history.lives:
        if started[life.model, life.pid] == 1:
            continue
        born = [(m, at) for m, at in unrecorded if m == life.model and _explains(at, life)]
        if started[life.model, life.pid] == 0 and born:
            unrecorded.remove(born[-1])  # the app was killed between the launch and the record
            continue
        wrong.append(f"{life.model} ran as {life.pid}; in the log {started[life.model, life.pid]}×")
    return wrong


def _intents_without_a_process(log: Sequence[Told]) -> list[tuple[str, float]]:
    known = {told.event.engine_id for told in log if isinstance(told.event, EngineStarted)}
    return [
        (told.event.recipe_id, told.at)
        for told in log
        if isinstance(told.event, EngineStartRequested) and told.event.engine_id not in known
    ]


def _explains(asked_at: float, life: Life) -> bool:
    return asked_at <= life.began <= asked_at + LAUNCHED_WITHIN_S


def nothing_is_left_behind(history: History) -> list[str]:
    """After the last quit no process of ours runs."""
    alive = [
        f"{life.model} {life.pid} was never buried" for life in history.lives if not life.ended
    ]
    return [*history.left_over, *alive]


def strangers_get_nothing(history: History) -> list[str]:
    """Whoever sits on one of our ports is shown no request of a client."""
    return [f"a stranger got {line}" for line in history.strangers_got if " /v1/" in line]


# ---- the clients --------------------------------------------------------------------------------


def every_request_ended_within_its_bound(history: History) -> list[str]:
    """The wait is bounded, and so is the answer."""
    wrong = []
    for client in history.clients:
        took, bound = client.ended - client.began, _bound(client, history)
        if client.ending == "unending" or took > bound:
            wrong.append(f"{_who(client)} took {took:.1f} s; its bound is {bound:.1f} s")
    return wrong


def _bound(client: Client, history: History) -> float:
    """Its wait, its answer, and what froze the engine or the app in the meantime."""
    answer = client.tokens / SLOWEST_TOKENS_PER_S
    frozen = _within(history.frozen, client)
    return history.wait_bound + answer + frozen + TO_STOP_S


def every_answer_is_whole_or_says_that_it_is_not(history: History) -> list[str]:
    """Nobody takes half an answer for a whole one, and nothing in it is wrong or out of order."""
    wrong = []
    for client in history.clients:
        expected = words(client.tokens)
        whole = client.text == expected
        if client.ending == "answered" and not whole:
            wrong.append(f"{_who(client)} ended as if whole: {client.text[-60:]!r}")
        elif not expected.startswith(client.text):
            wrong.append(f"{_who(client)} got what is no part of its answer: {client.text!r}")
    return wrong


def every_failure_is_clear(history: History) -> list[str]:
    """An error has a message and a code; a connection breaks only with the app that holds it."""
    wrong = []
    for client in history.clients:
        match client.ending:
            case "refused":
                clear = client.status >= 400 and client.error and client.code
                hopeful = client.status != 429 or client.retry_after
                if not (clear and hopeful):
                    wrong.append(
                        f"{_who(client)}: {client.status} {client.code!r} {client.error!r}"
                    )
            case "broken" if not client.error:
                wrong.append(f"{_who(client)} broke off without a word")
            case "cut" | "lost" | "unreached" if not _app_was_away(client, history):
                wrong.append(f"{_who(client)} was {client.ending}, though the app was there")
    return wrong


def every_request_is_in_the_book_once(history: History) -> list[str]:
    """One record for each request that came in; none only where a kill or a full disk took it."""
    booked = Counter(record.request_id for record in history.usage)
    wrong = [f"{id_} is booked {count}×" for id_, count in booked.items() if count > 1]
    known = {client.request_id: client for client in history.clients if client.request_id}
    for id_, client in known.items():
        if not booked[id_] and not _may_be_unbooked(client, history):
            wrong.append(f"{_who(client)} ({id_}) is not booked")
    return [*wrong, *_unknown_records(history, set(known))]


def _unknown_records(history: History, known: set[str | None]) -> Iterator[str]:
    """Who left or was lost before the headers has no id: their records are counted by model."""
    records = Counter(r.model for r in history.usage if r.request_id not in known)
    nameless = [c for c in history.clients if not c.request_id and c.ending != "unreached"]
    for model, count in records.items():
        most = sum(client.model == model for client in nameless)
        if count > most:
            yield f"{count} records of {model} belong to nobody; at most {most} clients were lost"
    for model in {client.model for client in nameless}:
        sure = [c for c in nameless if c.model == model and not _may_be_unbooked(c, history)]
        if records[model] < len(sure):
            yield f"{len(sure)} clients of {model} left early, and {records[model]} are booked"


def the_book_says_what_the_client_saw(history: History) -> list[str]:
    """A whole answer is booked as ok, and nothing else is."""
    outcomes = {record.request_id: record.outcome for record in history.usage}
    wrong = []
    for client in history.clients:
        outcome = outcomes.get(client.request_id or "")
        if outcome is None or client.ending in ("left", "unending"):
            continue
        if (outcome == "ok") != (client.ending == "answered"):
            wrong.append(f"{_who(client)} was {client.ending}, booked as {outcome}")
    return wrong


# ---- parts --------------------------------------------------------------------------------------


def _app_was_away(client: Client, history: History) -> bool:
    windows = (*history.down, *history.quitting)
    return any(window.touches(client.began, client.ended) for window in windows)


def _may_be_unbooked(client: Client, history: History) -> bool:
    until = client.ended + BOOKED_WITHIN_S
    return (
        any(window.touches(client.began, until) for window in (*history.down, *history.full))
        or client.ending == "unending"
        or (client.request_id is None and _app_was_away(client, history))
    )


def _within(windows: Sequence[Window], client: Client) -> float:
    """For how long of its life the client was in these windows."""
    overlaps = (min(w.ended, client.ended) - max(w.began, client.began) for w in windows)
    return sum(max(0.0, overlap) for overlap in overlaps)


def _who(client: Client) -> str:
    return f"request {client.number} to {client.model}"


def _names(lives: Sequence[Life]) -> str:
    return ", ".join(f"{life.model} ({life.pid})" for life in lives)


INVARIANTS: tuple[Invariant, ...] = (
    every_intent_has_an_outcome,
    the_log_verifies,
    replay_from_zero_is_what_was_shown,
    never_beyond_the_budget,
    never_two_of_one_model,
    every_process_is_in_the_log,
    nothing_is_left_behind,
    strangers_get_nothing,
    every_request_ended_within_its_bound,
    every_answer_is_whole_or_says_that_it_is_not,
    every_failure_is_clear,
    every_request_is_in_the_book_once,
    the_book_says_what_the_client_saw,
)


def check(history: History) -> dict[str, list[str]]:
    """Every invariant that is broken, with what is wrong."""
    found = {invariant.__name__: invariant(history) for invariant in INVARIANTS}
    return {name: wrong for name, wrong in found.items() if wrong}

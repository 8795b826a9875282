"""Is it up, and is it the right one?

A port that answers proves nothing: an older engine, another user's server or a second studio may
sit there. An engine is ready when
1. a process of *our* group owns the listening port,
2. its health path answers 2xx,
3. it lists the model name we are going to send (where its list can be trusted),
4. it has answered one token (where nothing else proves that the model is loaded).
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from core.engines.launch_spec import LaunchSpec
from core.engines.loopback import Answer, ask

HEALTH_S = 5.0
LIST_S = 10.0
TOKEN_S = 120.0  # the first token of a large model on a CPU

Verdict = Literal["not yet", "ready", "impostor"]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What a look found; `why` is a sentence when it is not ready, `code` names a final failure."""

    verdict: Verdict
    why: str = ""
    code: str = ""

    @property
    def ready(self) -> bool:
        """It answers, is ours and serves the right model."""
        return self.verdict == "ready"


READY = Health(verdict="ready")


async def look(spec: LaunchSpec, port: int, is_ours: Callable[[int], bool]) -> Health:
    """One look at an engine that may still be loading. Never raises; takes at most its deadlines.

    "impostor" is final: somebody answers, and it is not going to become the engine we want.
    """
    answer = await ask(port, spec.health_path, timeout_s=HEALTH_S)
    if answer is None:
        return _not_yet("it does not answer yet")
    if not is_ours(port):  # 1
        return _impostor("port-taken", f"another program answers on port {port}")
    if not answer.ok:  # 2
        return _not_yet(f"{spec.health_path} answers {answer.status}")
    named = await _lists_the_name(spec, port)  # 3
    if not named.ready:
        return named
    return await _answers(spec, port) if spec.must_answer else READY  # 4


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Model] = []


async def _lists_the_name(spec: LaunchSpec, port: int) -> Health:
    if spec.models_path is None:
        return READY
    answer = await ask(port, spec.models_path, timeout_s=LIST_S, key=spec.api_key)
    names = _names(answer)
    if spec.model_name in names:
        return READY
    if names:
        served = ", ".join(sorted(names))
        return _impostor("wrong-model", f"it serves {served}, not {spec.model_name}")
    if not spec.must_list:
        return READY
    status = answer.status if answer is not None else "nothing"
    return _not_yet(f"{spec.models_path} answers {status}")


def _names(answer: Answer | None) -> set[str]:
    if answer is None or not answer.ok:
        return set()
    try:
        return {model.id for model in msgspec.json.decode(answer.body, type=_Models).data}
    except msgspec.MsgspecError:
        return set()


async def _answers(spec: LaunchSpec, port: int) -> Health:
    wish = {
        "model": spec.model_name,
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 1,
        "temperature": 0,
    }
    body = msgspec.json.encode(wish)
    path = "/v1/chat/completions"
    answer = await ask(port, path, timeout_s=TOKEN_S, key=spec.api_key, body=body)
    if answer is not None and answer.ok:
        return READY
    said = answer.body[:200].decode("utf-8", "replace") if answer is not None else "nothing"
    return _not_yet(f"it answers a first token with {said}")


def _not_yet(why: str) -> Health:
    return Health(verdict="not yet", why=why)


def _impostor(code: str, why: str) -> Health:
    return Health(verdict="impostor", why=why, code=code)

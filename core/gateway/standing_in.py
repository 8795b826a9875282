"""Which models a request may be answered by: the one that was asked, and who may stand in for it.

Asked before a model is tried, and before a request shares another's answer: neither may give to
a key what it could not have asked for.
"""

from core.gateway.hooks import Asked, Choices, KeyGate


def may_answer(asked: Asked, choices: Choices | None, gate: KeyGate | None) -> tuple[str, ...]:
    """The names to try, in turn.

    Whoever may ask for a virtual model may use its members; others need the key's leave.
    """
    names = None if choices is None else choices.chain(asked.name)
    if not names:
        return (asked.name,)
    if asked.name not in names or gate is None:
        return names
    return tuple(n for n in names if n == asked.name or gate.permits(asked.key_id, n))

"""Reading yesterday's shape as today's: the one place that knows how facts used to look.

A step turns the plain data of one type from schema v into schema v+1; steps are chained until
today's. A type's schema is 1 plus the number of its steps, so adding a step is also what raises
the number written from then on. Steps are only ever added, oldest first, and never edited:

    @UPCASTERS.step("engine-started", from_schema=1)
    def engine_started_had_no_group(data: Data) -> Data:
        return {**data, "process_group": data["pid"]}

A new field with a default needs no step, and a new meaning is a new event.
"""

from collections.abc import Callable
from typing import Any

Data = dict[str, Any]
Step = Callable[[Data], Data]


class Upcasters:
    """The steps of every type, in order."""

    def __init__(self) -> None:
        self._steps: dict[str, list[Step]] = {}

    def step(self, type: str, *, from_schema: int) -> Callable[[Step], Step]:
        """Register the next step of a type; ValueError when it is not the next one."""
        if from_schema != self.current(type):
            raise ValueError(f"{type} is at schema {self.current(type)}, not {from_schema}")

        def register(step: Step) -> Step:
            self._steps.setdefault(type, []).append(step)
            return step

        return register

    def current(self, type: str) -> int:
        """Give the schema that facts of this type are written in today."""
        return 1 + len(self._steps.get(type, ()))

    def lift(self, type: str, schema: int, data: Data) -> Data:
        """Bring `data` from `schema` to today's; steps may raise what bad data makes them raise."""
        for step in self._steps.get(type, [])[schema - 1 :]:
            data = step(data)
        return data

    def __len__(self) -> int:
        return sum(map(len, self._steps.values()))


UPCASTERS = Upcasters()
"""The application's own steps. None yet: every fact still has its first shape."""

"""The doctor's look at engines that run and are used by nobody."""

import sqlite3
from collections.abc import Iterator

from core.settings import Settings
from desktop.check import Check, warn
from desktop.cli.recorded import recorded_log
from desktop.problems import NotRunning
from events.errors import EventError
from events.projections.engine_runs import engine_runs


def engines_left_alone(settings: Settings) -> Iterator[Check]:
    """One line for each that was left alone at the last start; none when there is none."""
    try:
        with recorded_log(settings) as store, store.reading() as connection:
            runs = engine_runs(connection, alive_only=True)
    except (NotRunning, EventError, sqlite3.Error):
        return  # the log has a line of its own, and an older version's is read at the next start
    for run in runs:
        if run.state == "left-alone":
            yield warn(
                f"{run.recipe_id}: engine",
                f"process {run.pid} holds memory and is not used: {run.error}",
                f"end it: vllm-studio evict {run.recipe_id}",
            )

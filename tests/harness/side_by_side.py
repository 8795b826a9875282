"""Which real tests run beside each other, for `pytest -n 2 --dist loadfile`.

1. A file stays whole, and so does a folder that shares what takes long to start.
2. Real engines run one after another, in one worker: two do not fit into every machine's memory,
   and what one holds is measured, which a second one beside it would take a part of.
3. What lasts longest begins first, so that nobody waits for it alone at the end.
"""

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

REAL_ENGINES = "test_real_"  # their files' names begin so
WHOLE = ("tests/contracts/", "tests/clients/")
LONGEST = (
    REAL_ENGINES,
    "tests/webui/test_pages.py",
    "tests/e2e/test_canaries.py",
    "tests/e2e/test_fresh_clone.py",
    "tests/chaos/test_chaos.py",  # not in the same second as the three heaviest
)


def together(nodeid: str) -> str:
    """What this test belongs to; all of it runs in one worker, in order."""
    path = nodeid.split("::", 1)[0]
    if path.rsplit("/", 1)[-1].startswith(REAL_ENGINES):
        return REAL_ENGINES
    return next((folder for folder in WHOLE if path.startswith(folder)), path)


def rank(work: str) -> int:
    """The lower, the earlier it begins."""
    return LONGEST.index(work) if work in LONGEST else len(LONGEST)


class SideBySide(LoadScopeScheduling):  # type: ignore[misc]  # xdist is not typed
    """Hands out the work: the longest first, then by the number of tests."""

    def __init__(self, config: pytest.Config, log: object) -> None:
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid)

    def _assign_work_unit(self, node: object) -> None:
        self.workqueue.move_to_end(min(self.workqueue, key=rank), last=False)
        super()._assign_work_unit(node)

"""`python -m tests.chaos --seconds 600 --seed N`: one night, told in the morning."""

import argparse
import random
import sys
from collections import Counter

from tests.chaos.night import Night, night
from tests.harness import processes


def main() -> int:
    """Live it and tell; 1 when something was wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip())
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    wish = parser.parse_args()
    processes.become_reaper()
    print(f"chaos: seed {wish.seed}, {wish.seconds:g} s", flush=True)
    result = night(wish.seed, wish.seconds)
    print(told(result))
    return 1 if result.wrong else 0


def told(result: Night) -> str:
    """The night in a few lines."""
    history = result.history
    endings = Counter(client.ending for client in history.clients)
    ended = ", ".join(f"{count} {ending}" for ending, count in endings.most_common())
    waits = sorted(client.ended - client.began for client in history.clients)
    lines = [
        f"{len(history.clients)} requests: {ended}",
        f"{len(history.lives)} engine processes, {len(history.log)} facts, "
        f"{len(history.down)} kills of the app, {len(history.full)} full disks",
        f"longest request {waits[-1]:.1f} s" if waits else "no request",
        f"took {result.seconds:.0f} s; trace and history in {result.folder}",
    ]
    for name, wrong in result.wrong.items():
        lines += [f"BROKEN {name.replace('_', ' ')}", *(f"  {one}" for one in wrong[:20])]
    if not result.wrong:
        lines.append("every invariant holds")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

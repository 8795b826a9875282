"""From a fresh clone to a working environment: the program behind `make`.

    python3 installers/bootstrap app     .venv with the app, from the hashed lock
    python3 installers/bootstrap dev     the same, plus what checks and tests it
    python3 installers/bootstrap system  Debian packages that the real tests drive (a browser, …)
    python3 installers/bootstrap lock    renew the lock files from pyproject.toml

It runs on whatever Python the machine has, before anything is installed, so it uses the standard
library only. What is already done is not done again: a second run takes a tenth of a second.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an older one is exactly who has to be told
    sys.exit(
        f"vLLM Studio needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}.\n"
        "Name a newer one:  make run PYTHON=/path/to/python3.12"
    )

import debian
import environment
import locking
from console import Trouble, fail

STEPS = {
    "app": lambda: environment.prepare("app"),
    "dev": lambda: environment.prepare("dev"),
    "system": debian.prepare,
    "lock": locking.renew,
}


def main(arguments: list[str]) -> int:
    """Carry out the named steps in order; 0 when all went well, else 1."""
    unknown = [name for name in arguments if name not in STEPS]
    if unknown or not arguments:
        return fail(f"usage: bootstrap {{{' | '.join(STEPS)}}} …")
    try:
        for name in arguments:
            STEPS[name]()
    except Trouble as trouble:
        return fail(str(trouble))
    except KeyboardInterrupt:
        return fail("interrupted; what was finished stays finished")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

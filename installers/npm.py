"""Run npm in webui/ with the same Node that builds it: `python installers/npm.py run check`.

The packages are installed first when they are missing.
"""

import subprocess
import sys
from pathlib import Path

from hatch_build import npm_command

WEBUI = Path(__file__).resolve().parents[1] / "webui"


def main(arguments: list[str]) -> int:
    """npm's own exit status."""
    npm, env = npm_command()
    if not (WEBUI / "node_modules").is_dir():
        installed = subprocess.run([*npm, "ci"], cwd=WEBUI, env=env, stdin=subprocess.DEVNULL)
        if installed.returncode:
            return installed.returncode
    return subprocess.run(
        [*npm, *arguments], cwd=WEBUI, env=env, stdin=subprocess.DEVNULL
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

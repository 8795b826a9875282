"""A runtime of the kind litellm that never comes up, for a studio whose test needs no gateway.

Its requests go directly. LiteLLM imports itself for seconds of a whole processor, at each start of
a studio anew, and whoever runs beside such a test waits for that.
"""

import json
from pathlib import Path

NAME = "litellm-0.0.0"
_PROGRAM = """#!/bin/sh
# It starts, and that is all; it ends as it is told to.
exec sleep 3600
"""


def install(home: Path) -> None:
    """Put it into a data directory, before the studio starts; a second time is nothing new."""
    folder = home / "runtimes" / NAME
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    program = folder / "bin" / "python"
    program.write_text(_PROGRAM)
    program.chmod(0o755)
    record = {"id": NAME, "kind": "litellm", "version": "0.0.0"}
    (folder / "runtime.json").write_text(json.dumps(record))

"""The console script `vllm-studio`, and `python -m desktop`."""

import sys
from io import TextIOWrapper

from desktop.cli.root import vllm_studio


def main() -> None:
    """Run one command and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal without UTF-8 still gets its answer
            stream.reconfigure(errors="replace")
    vllm_studio(prog_name="vllm-studio")


if __name__ == "__main__":
    main()

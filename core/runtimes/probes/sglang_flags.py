"""Print every flag of the SGLang server in this interpreter as one line of JSON.

It runs in the virtualenv of the engine, where nothing of this app exists.
"""

import argparse
import importlib.metadata
import json
from typing import Any


def parser() -> argparse.ArgumentParser:
    """SGLang's own flags on a plain parser."""
    from sglang.srt.server_args import ServerArgs

    made = argparse.ArgumentParser(prog="sglang.launch_server")
    ServerArgs.add_cli_args(made)
    return made


def described(group: str | None, action: argparse.Action) -> dict[str, Any]:
    """One flag as plain data."""
    plain = isinstance(action.default, str | int | float | bool | None)
    return {
        "dest": action.dest,
        "flags": list(action.option_strings),
        "group": group or "",
        "type": getattr(action.type, "__name__", str(action.type)) if action.type else None,
        "nargs": action.nargs,
        "choices": [str(choice) for choice in action.choices] if action.choices else None,
        "default": action.default if plain else repr(action.default),
        "required": action.required,
        "help": action.help if action.help and action.help != argparse.SUPPRESS else "",
    }


def flags(made: argparse.ArgumentParser) -> list[dict[str, Any]]:
    """All flags, group by group."""
    return [
        described(group.title, action)
        for group in made._action_groups
        for action in group._group_actions
        if action.option_strings and action.dest != "help"
    ]


if __name__ == "__main__":
    table = {
        "engine": "sglang",
        "version": importlib.metadata.version("sglang"),
        "flags": flags(parser()),
    }
    print("\nFLAGS-JSON:" + json.dumps(table), flush=True)

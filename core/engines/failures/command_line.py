"""What the engine refuses in its own command line."""

from core.engines.failures.known import row

COMMAND_LINE = (
    row(
        "bad-flag",
        r"unrecognized arguments: (?P<flag>\S.*?)\s*$|No such option:? '?(?P<option>--[\w-]+)",
        "the engine does not know the flag {flag}{option}",
        "Remove it from extra_args, or choose another runtime version.",
    ),
    row(
        "bad-flag-value",
        r"error: argument (?P<flag>\S+): (?P<why>(?:invalid|expected).{0,200})",
        "the engine refuses the value of {flag}: {why}",
        "Correct that field of the recipe.",
    ),
    row(
        "batched-tokens-too-few",
        r"max_num_batched_tokens \((?P<asked>\d+)\) (?:is smaller than max_model_len"
        r"|must be greater than or equal to max_num_seqs) \((?P<least>\d+)\)",
        "max_batched_tokens is {asked}, and must be {least} at least",
        "Set max_batched_tokens to {least} or more.",
        remedy={"max_batched_tokens": "{least}"},
    ),
    row(
        "bad-parser",
        r"invalid (?P<kind>tool call|reasoning) parser: (?P<name>\S+)"
        r"|(?P<kind2>[Rr]easoning|[Tt]ool) parser '?(?P<name2>[^'\s]+)'? not found",
        "the engine has no {kind}{kind2} parser named {name}{name2}",
        "Choose one that the engine lists with --help.",
    ),
    row(
        "sleep-unsupported",
        r"Sleep mode is not supported on current platform",
        "this platform has no sleep mode",
        "Remove --enable-sleep-mode from extra_args.",
    ),
)

"""`audit`: whether the log is what was written, and how others can see that for themselves.

Each command, or each family of them, is a file `audit_*.py` of its own.
"""

import click

from desktop.cli.audit_acknowledge import acknowledge
from desktop.cli.audit_checkpoint import checkpoint
from desktop.cli.audit_export import export, import_
from desktop.cli.audit_prove import check_file, prove, script
from desktop.cli.audit_recover import recover
from desktop.cli.audit_seal import prune, seal, segments
from desktop.cli.audit_verify import status, verify
from desktop.cli.terminal import StudioCommand, StudioGroup

COMMANDS: tuple[StudioCommand, ...] = (
    verify,
    status,
    prove,
    check_file,
    script,
    checkpoint,
    export,
    import_,
    recover,
    acknowledge,
    seal,
    segments,
    prune,
)


@click.group(cls=StudioGroup)
def audit() -> None:
    """Verify the log, prove what stands in it, and keep signed checkpoints of it."""


for command in COMMANDS:
    audit.add_command(command)

"""`vllm-studio`: every command on one screen."""

import click

from core.version import studio_version
from desktop.cli.audit import audit
from desktop.cli.autostart import autostart
from desktop.cli.cache import cache
from desktop.cli.changing import evict, load, sleep, switch, wake
from desktop.cli.conversations import conversations
from desktop.cli.demo import demo
from desktop.cli.doctor import doctor
from desktop.cli.events import events
from desktop.cli.keys import keys
from desktop.cli.logs import logs
from desktop.cli.mcp import mcp
from desktop.cli.mirror import mirror
from desktop.cli.offers import providers, virtual
from desktop.cli.recipes import recipes
from desktop.cli.replay import replay
from desktop.cli.requests import requests
from desktop.cli.research import research
from desktop.cli.running import desktop, open_window, quit_app, serve
from desktop.cli.runtimes import runtimes
from desktop.cli.settings import settings
from desktop.cli.status import status
from desktop.cli.terminal import StudioGroup, answered, json_option
from desktop.cli.usage import usage
from desktop.cli.why import why


@click.group(
    cls=StudioGroup,
    invoke_without_command=True,
    params=[json_option()],
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(studio_version(), message="%(prog)s %(version)s")
@click.pass_context
def vllm_studio(context: click.Context) -> None:
    """Run language models on this machine: start, switch, chat, and see what happened.

    Without a command it starts the tray and the window, or brings them to the front.

    \b
    Exit codes: 0 done, 1 refused or failed, 2 usage, 3 vLLM Studio is not running.
    """
    if context.invoked_subcommand is None:
        answered(context, lambda: context.invoke(desktop))


for command in (
    serve,
    demo,
    status,
    recipes,
    switch,
    load,
    evict,
    sleep,
    wake,
    logs,
    events,
    why,
    replay,
    audit,
    runtimes,
    keys,
    requests,
    usage,
    cache,
    conversations,
    virtual,
    providers,
    mcp,
    research,
    mirror,
    settings,
    doctor,
    autostart,
    desktop,
    open_window,
    quit_app,
):
    vllm_studio.add_command(command)

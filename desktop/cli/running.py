"""`serve`, the desktop app itself, `open` and `quit`: whether it runs at all."""

import time

import click

from core.errors import Unavailable
from desktop.cli.terminal import StudioCommand, Terminal, pass_terminal
from desktop.running_app import RunningApp, running_app

QUIT_S = 120.0  # engines get their grace periods first


@click.command(cls=StudioCommand)
@pass_terminal
def serve(terminal: Terminal) -> None:
    """Run without tray and window, until Ctrl-C."""
    from desktop.app import run_headless, url_of  # the app itself: a second of imports
    from desktop.host import Host

    def started(host: Host) -> None:
        url = url_of(host)
        terminal.line(
            {"url": url, "endpoint": f"{url}v1", "port": host.port},
            f"vLLM Studio is at {url}\nOpenAI endpoint: {url}v1\nCtrl-C ends it.",
        )

    click.get_current_context().exit(
        run_headless(terminal.settings, terminal.aside, started=started)
    )


@click.command(cls=StudioCommand, hidden=True)
@click.option("--background", is_flag=True, help="Do not open the window (start at login).")
@pass_terminal
def desktop(terminal: Terminal, background: bool) -> None:
    """Run the tray and the window."""
    from desktop.app import run_desktop

    def ask_for_focus(app: RunningApp) -> None:
        client = terminal.client()
        client.post("/api/focus")
        terminal.answer(
            {"url": client.url, "pid": app.pid}, f"vLLM Studio already runs at {client.url}"
        )

    code = run_desktop(
        terminal.settings, terminal.say, background=background, ask_for_focus=ask_for_focus
    )
    click.get_current_context().exit(code)


@click.command("open", cls=StudioCommand)
@pass_terminal
def open_window(terminal: Terminal) -> None:
    """Open the window of the running app, or bring it to the front."""
    client = terminal.client()
    client.post("/api/focus")
    terminal.answer({"url": client.url}, client.url)


@click.command("quit", cls=StudioCommand)
@click.option("--leave-engines", is_flag=True, help="Engines run on and are adopted later.")
@pass_terminal
def quit_app(terminal: Terminal, leave_engines: bool) -> None:
    """End the running app, and its engines with it."""
    run = terminal.settings.paths.run
    client = terminal.client()
    app = running_app(run)
    client.post("/api/quit", {"leave_engines": leave_engines})
    deadline = time.monotonic() + QUIT_S
    while running_app(run) == app:
        if time.monotonic() > deadline:
            raise Unavailable(
                f"vLLM Studio was asked to quit and still runs after {QUIT_S:.0f} s",
                code="still-running",
                next_action="see what it waits for: `vllm-studio logs app`",
            )
        time.sleep(0.1)
    left = " Its engines run on." if leave_engines else ""
    terminal.answer({"stopped": True, "left_engines": leave_engines}, f"vLLM Studio ended.{left}")

"""What every command shares: who it talks to, how it answers, how it fails.

Every command takes `--json` (one document on standard output, or one line each for streams) and
ends with 0 done · 1 refused or failed · 2 usage · 3 vLLM Studio is not running.
"""

import contextlib
import sys
from collections.abc import Callable, Sequence
from functools import cached_property

import click
import msgspec

from core.auditing.trouble import trouble_of
from core.errors import Invalid, Refused, StudioError, Unavailable
from core.settings import Settings
from desktop.cli.harmless import harmless, json_text
from desktop.client import Client, Json
from desktop.home import settings_here
from desktop.problems import NotRunning, problem_of
from desktop.running_app import RunningApp, running_app
from events.errors import EventError, LogLocked

DONE, FAILED, USAGE, NOT_RUNNING = 0, 1, 2, 3

OWNER_TOKEN = "owner-token"
WHOLE = 400  # characters: longer than any first sentence of a command


class Terminal:
    """The person's terminal during one command."""

    def __init__(self) -> None:
        self.as_json = False

    @cached_property
    def settings(self) -> Settings:
        """Read once; raises Invalid naming file, key and line, Unavailable naming the folder."""
        return settings_here()

    def client(self) -> Client:
        """The running app; raises NotRunning."""
        if client := self.client_if_running():
            return client
        raise NotRunning()

    def client_if_running(self) -> Client | None:
        """The running app, or None."""
        app = running_app(self.settings.paths.run)
        return None if app is None else client_of(self.settings, app)

    # -- answers --------------------------------------------------------------------------------

    def say(self, text: str = "") -> None:
        """A line for people; silent under --json."""
        if not self.as_json:
            click.echo(harmless(text))

    def aside(self, text: str) -> None:
        """A line beside the answer, on standard error; silent under --json."""
        if not self.as_json:
            click.echo(harmless(text), err=True)

    def answer(self, data: object, text: Callable[[], str] | str = "") -> None:
        """The command's whole answer: `data` for programs, `text` for people."""
        if self.as_json:
            click.echo(json_text(msgspec.json.format(msgspec.json.encode(data), indent=2)))
        else:
            click.echo(harmless(text() if callable(text) else text))

    def piece(self, text: str) -> None:
        """A part of an answer that comes bit by bit; silent under --json."""
        if not self.as_json:
            click.echo(harmless(text), nl=False)

    def line(self, data: object, text: Callable[[], str] | str) -> None:
        """One item of a stream: a JSON line for programs, a line for people."""
        if self.as_json:
            click.echo(json_text(msgspec.json.encode(data)))
        else:
            click.echo(harmless(text() if callable(text) else text))

    def fail(self, error: StudioError) -> int:
        """Say what went wrong and what to do next; returns the exit code."""
        if self.as_json:
            told = msgspec.json.encode(problem_of(error))
            click.echo(json_text(msgspec.json.format(told, indent=2)))
        else:
            self.aside(click.style("error: ", fg="red") + sentence(error.message))
            for line in _decisive_lines(error):
                self.aside(click.style(f"  │ {line}", dim=True))
            if error.next_action:
                self.aside(f"  → {error.next_action}")
        return NOT_RUNNING if isinstance(error, NotRunning) else FAILED

    @property
    def interactive(self) -> bool:
        """Whether somebody sits there who can be asked and shown a moving bar."""
        return not self.as_json and sys.stdin.isatty() and sys.stdout.isatty()


def _decisive_lines(error: StudioError) -> Sequence[str]:
    problem = problem_of(error)
    lines = problem.get("lines") or ()
    return [str(line) for line in lines]


def sentence(text: str) -> str:
    """With a full stop, whoever wrote it; names such as "vLLM" keep their spelling."""
    text = text.strip()
    if not text:
        return text
    return text + ("" if text[-1] in ".!?…" else ".")


def client_of(settings: Settings, app: RunningApp) -> Client:
    """Who asks a running app, as its owner."""
    return Client(
        app.port,
        host=reachable_host(settings.host),
        owner_token=_owner_token(settings),
        api_key=settings.api_key,
    )


def _owner_token(settings: Settings) -> str | None:
    try:
        return (settings.paths.secrets / OWNER_TOKEN).read_text().strip() or None
    except OSError:
        return None


def reachable_host(host: str) -> str:
    """The address to connect to for one that is listened on."""
    return "127.0.0.1" if host in ("", "0.0.0.0", "::", "localhost") else host


# -- the shape of a command ----------------------------------------------------------------------


def _set_json(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        context.ensure_object(Terminal).as_json = True


class StudioCommand(click.Command):
    """A command with `--json` that turns every StudioError into a sentence and an exit code."""

    def __init__(self, *args: Json, **options: Json) -> None:
        super().__init__(*args, **options)
        self.params.append(json_option())

    def invoke(self, context: click.Context) -> Json:
        """The command's body, with its refusals put into words."""
        return answered(context, lambda: super(StudioCommand, self).invoke(context))


class StudioGroup(click.Group):
    """A group whose commands are all StudioCommands."""

    command_class = StudioCommand
    group_class = type

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each command with its whole first sentence, over two lines rather than cut short."""
        known = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(n, c.get_short_help_str(limit=WHOLE)) for n, c in known if c and not c.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def json_option() -> click.Option:
    """The option every command has."""
    return click.Option(
        ["--json"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_set_json,
        help="Answer in JSON, for programs.",
    )


def answered(context: click.Context, run: Callable[[], object]) -> Json:
    """Run a command's body; a refusal becomes a sentence and an exit code."""
    terminal = context.ensure_object(Terminal)
    try:
        return run()
    except StudioError as error:
        context.exit(terminal.fail(error))
    except EventError as error:
        context.exit(terminal.fail(_of_the_log(error)))
    except msgspec.ValidationError as error:
        context.exit(terminal.fail(Invalid(str(error))))
    except UnicodeDecodeError:
        context.exit(terminal.fail(Invalid("what was given to read is no text in UTF-8")))
    except OSError as error:
        if error.filename is None:
            raise  # no file that was named: something of ours
        why = f"{error.filename}: {error.strerror}"
        context.exit(terminal.fail(Refused(why, code="file-unusable")))
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()


def _of_the_log(error: EventError) -> StudioError:
    """The log itself could not be used, by this process."""
    if isinstance(error, LogLocked):
        return Refused(
            str(error),
            code="log-locked",
            next_action="use the vLLM Studio that runs, or end it with `vllm-studio quit`",
        )
    trouble = trouble_of(error)
    return Unavailable(trouble.reason, code=trouble.code, next_action=trouble.next_action)


pass_terminal = click.make_pass_decorator(Terminal, ensure=True)

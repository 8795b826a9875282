"""A spare interpreter: it has imported an engine already and waits to be told what to run.

Runs in the interpreter of a runtime, as a script: standard library only, nothing of ours, Linux.

    app ──prepare──► server spare ──prepare──► child spare ──prepare──► its child spare
        ◄──ready────              ◄──ready────             ◄──ready────
        ──run──────► `python -m ENGINE …`
                          spawns ──spawned──► that child    spawns ──spawned──► and its child

An engine's own children import the same modules again, one after the other, so they wait ready
too. `multiprocessing` starts them through `util.spawnv_passfds`; that call is answered with a
waiting child when everything it would get by a fresh start is what it has. Nothing is forked:
each is a fresh process that merely imported early, with threads and CUDA as in a cold start.
Which environment an engine gives its children was noted at the start before (`Notes`).

The channel is a socket pair. When it closes, whoever wanted the spare is gone, and it goes too.
"""

import array
import builtins
import contextlib
import fcntl
import importlib
import importlib.util
import json
import os
import resource
import runpy
import socket
import struct
import subprocess
import sys
import time
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Message = dict[str, Any]
Difference = dict[str, "str | None"]  # None: the variable was taken away

NAME = "_vllm_studio_spare"  # this file as a module, for `__main__` becomes the engine's
NONCE = "VLLM_STUDIO_NONCE"
HEAD = struct.Struct("!I")
MOST_FDS = 253  # that one message can carry
RESERVED = 200  # descriptors below it are kept free for those that an engine hands to its child
UNWANTED_S = 600.0  # a child that its engine has not asked for by then goes
SPAWN = "from multiprocessing.spawn import spawn_main; spawn_main("


# The channel: a length and JSON, with descriptors beside it


def send(channel: socket.socket, message: Message, fds: Sequence[int] = ()) -> None:
    """Send one message; `fds` travel with its first bytes."""
    body = json.dumps(message).encode()
    carried = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    channel.sendmsg([HEAD.pack(len(body))], carried)
    channel.sendall(body)


def receive(channel: socket.socket) -> tuple[Message, list[int]]:
    """One message and the descriptors that came with it; EOFError when the other side is gone."""
    fds = array.array("i")
    head, carried, _, _ = channel.recvmsg(HEAD.size, socket.CMSG_SPACE(MOST_FDS * fds.itemsize))
    for _, kind, data in carried:
        if kind == socket.SCM_RIGHTS:
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    head += _exactly(channel, HEAD.size - len(head)) if head else b""
    if not head:
        raise EOFError("the channel is closed")
    return json.loads(_exactly(channel, *HEAD.unpack(head))), list(fds)


def _exactly(channel: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = channel.recv(size - len(data))
        if not chunk:
            raise EOFError("the channel is closed")
        data += chunk
    return data


# What is noted from one start for the next


class Notes:
    """How the environments of the children differed from their parent's first one, by depth."""

    def __init__(self, folder: str, depth: int) -> None:
        self._path = os.path.join(folder, f"children-{depth}.json")
        self._seen: list[Difference] = []

    def last_time(self) -> "list[Difference] | None":
        """One difference for each child; None when no start was watched yet."""
        try:
            with open(self._path, encoding="utf-8") as file:
                found: list[Difference] = json.load(file)
                return found
        except (OSError, ValueError):
            return None

    def add(self, difference: Difference) -> None:
        """Remember one more child of this process; the file is replaced whole."""
        self._seen.append(difference)
        half = f"{self._path}.{os.getpid()}"
        with contextlib.suppress(OSError):
            with open(half, "w", encoding="utf-8", opener=_for_us_alone) as file:
                json.dump(self._seen, file)
            os.replace(half, self._path)


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def difference(before: Mapping[str, str], now: Mapping[str, str]) -> Difference:
    """What was changed, added and taken away, except for the proof of whose it is."""
    names = (before.keys() | now.keys()) - {NONCE}
    return {name: now.get(name) for name in sorted(names) if before.get(name) != now.get(name)}


def applied(change: Difference, env: Mapping[str, str]) -> dict[str, str]:
    """The environment after that difference."""
    changed = {**env, **change}
    return {name: value for name, value in changed.items() if value is not None}


# The children, ready before they are asked for


class Child:
    """A spare process below this one."""

    def __init__(self, order: Message, env: Mapping[str, str]) -> None:
        self._channel, theirs = socket.socketpair()
        self.env = dict(env)
        self._affinity = os.sched_getaffinity(0)  # the parent's: libgomp narrows the child's own
        self.begins = _interpreter()
        with theirs:
            process = subprocess.Popen(
                [*self.begins, os.path.abspath(__file__), str(theirs.fileno()), order["title"]],
                env=self.env,
                pass_fds=[theirs.fileno()],
            )
        process.returncode = 0  # multiprocessing buries it, or `drop`: Popen must not
        self.pid = process.pid
        send(self._channel, {**order, "env": self.env})

    def ready(self) -> Message:
        """Wait until it has imported; EOFError when it died of it."""
        return receive(self._channel)[0]

    def fits(self, path: bytes, args: Sequence[str], lazy: Sequence[str]) -> bool:
        """Whether a fresh process started now would be the same as this one."""
        changed = difference(self.env, os.environ).keys() - set(lazy)
        return (
            not changed
            and os.fsdecode(path) == self.begins[0]
            and list(args[:-3]) == self.begins
            and os.sched_getaffinity(0) == self._affinity
        )

    def become(self, args: Sequence[str], fds: Sequence[int]) -> bool:
        """Have it go on as `multiprocessing` wants it; False when it can not."""
        message = {
            "code": args[-2],
            "env": dict(os.environ),
            "cwd": os.getcwd(),
            "fds": list(fds),
            "limits": _limits(),
        }
        try:
            send(self._channel, message, [*fds, 0, 1, 2])
            answer, _ = receive(self._channel)
        except (OSError, EOFError):
            return False
        self._channel.close()
        return bool(answer.get("ok"))

    def begun(self) -> None:
        """Tell it that the engine runs: from here on it does not wait for ever."""
        with contextlib.suppress(OSError):
            send(self._channel, {"begun": True})

    def drop(self) -> None:
        """End it and bury it."""
        self._channel.close()
        with contextlib.suppress(OSError):
            os.kill(self.pid, 9)
            os.waitpid(self.pid, 0)


class Children:
    """Stands in for `multiprocessing.util.spawnv_passfds` in this process."""

    def __init__(self, order: Message, env: Mapping[str, str]) -> None:
        self._order = {**order, "depth": order["depth"] + 1}
        self._lazy: list[str] = order["lazy"]
        self._notes = Notes(order["folder"], order["depth"])
        self._below = Notes(order["folder"], order["depth"] + 1)
        self._waiting: list[Child] = []
        self._env = dict(env)  # what this process was started with
        self._otherwise: Callable[..., int] | None = None

    def prepare(self) -> Message:
        """Start what was spawned the last time, one after the other; how that went."""
        told: Message = {"problems": [], "processes": 1}
        for change in (self._notes.last_time() or [])[: self._order["most_children"]]:
            child = Child(self._order, applied(change, self._env))
            try:
                ready = child.ready()
                told["problems"] += ready["problems"]
                told["processes"] += ready["processes"]
                self._waiting.append(child)
            except EOFError:
                child.drop()
                told["problems"].append("a child ended while it imported")
        return told

    def stand_in(self, env: Mapping[str, str]) -> None:
        """From here on the engine runs, as if it had been started with this environment."""
        from multiprocessing import util

        self._env = dict(env)
        self._otherwise = util.spawnv_passfds
        util.spawnv_passfds = self.spawn  # type: ignore[assignment]
        for child in self._waiting:
            child.begun()

    def spawn(self, path: bytes, args: Sequence[str], passfds: Sequence[int]) -> int:
        """Start a process; its pid. A child of ours is used when it fits, else a fresh one."""
        assert self._otherwise is not None
        args, fds = [os.fsdecode(word) for word in args], sorted({int(fd) for fd in passfds})
        if len(args) < 3 or not args[-2].startswith(SPAWN) or len(fds) > MOST_FDS - 3:
            return self._otherwise(path, args, passfds)
        self._notes.add(difference(self._env, os.environ))
        self._watch_one()
        for child in [child for child in self._waiting if child.fits(path, args, self._lazy)]:
            self._waiting.remove(child)
            if child.become(args, fds):
                return child.pid
            child.drop()
        while self._waiting:  # they were made for another start
            self._waiting.pop().drop()
        return self._otherwise(path, args, passfds)

    def _watch_one(self) -> None:
        """Nothing is known of the children's children: one that imports nothing will note it."""
        if self._waiting or self._below.last_time() is not None:
            return
        child = Child({**self._order, "modules": {"children": []}}, os.environ)
        try:
            child.ready()
            self._waiting.append(child)
        except EOFError:
            child.drop()


def _interpreter() -> list[str]:
    """How `multiprocessing` begins the command line of a child."""
    from multiprocessing import spawn, util

    flags: list[str] = util._args_from_interpreter_flags()  # type: ignore[attr-defined]
    return [os.fsdecode(spawn.get_executable()), *flags]


def _limits() -> dict[str, tuple[int, int]]:
    names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    return {name: resource.getrlimit(getattr(resource, name)) for name in names}


# This process


def serve(channel: socket.socket) -> None:
    """Import, say so, wait, and become what is asked."""
    order, _ = receive(channel)
    began, env = time.monotonic(), order["env"]  # the interpreter may have added LC_CTYPE
    output, kept = _keep_output(), _keep_free() if order["depth"] else []
    problems = _import(order["modules"]["children" if order["depth"] else "server"], order["entry"])
    _look_for_the_title()
    seconds, done = time.monotonic() - began, difference(env, os.environ)
    children = Children(order, env)
    told = children.prepare()
    told["problems"] += problems
    send(channel, {**told, "seconds": seconds, "modules": len(sys.modules)})
    message, fds = receive(channel)
    if message.get("begun"):
        channel.settimeout(UNWANTED_S)
        message, fds = receive(channel)
        channel.settimeout(None)
    for fd in kept:
        os.close(fd)
    if order["depth"]:
        _become_child(channel, message, fds, output, children, done)
    else:
        _become_server(channel, message, output, children, done)


def _import(modules: Sequence[str], entry: str) -> list[str]:
    """Import them; what went wrong, as sentences. One that this version does not have is no fault.

    The entry itself is forgotten again: it has to run as `__main__`, as in a cold start.
    """
    problems = []
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as problem:
            missing = problem.name if isinstance(problem, ModuleNotFoundError) else None
            if missing is None or not f"{name}.".startswith(f"{missing}."):
                problems.append(f"{name}: {problem!r}")
    if sys.modules.pop(entry, None) is not None:
        package, _, last = entry.rpartition(".")
        with contextlib.suppress(KeyError, AttributeError):
            delattr(sys.modules[package], last)
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        problems.append("importing has initialised CUDA")
    return problems


def _look_for_the_title() -> None:
    """`setproctitle` finds the room for titles by the first environment, which we replace."""
    with contextlib.suppress(ImportError):
        importlib.import_module("setproctitle").getproctitle()


def _keep_output() -> int:
    """What importing prints belongs in the log of the run: keep it until there is one."""
    kept = os.memfd_create("output")
    os.dup2(kept, 1)
    os.dup2(kept, 2)
    return kept


def _keep_free() -> list[int]:
    """Occupy the low descriptors while importing, so that an engine's can have their numbers."""
    kept = []
    nothing = os.open(os.devnull, os.O_RDONLY)
    while (fd := os.dup(nothing)) < RESERVED:
        kept.append(fd)
    os.close(fd)
    return [nothing, *kept]


def _hand_out(output: int) -> None:
    """Write what was kept to where standard error leads now."""
    sys.stdout.flush()
    sys.stderr.flush()
    size, at = os.lseek(output, 0, os.SEEK_END), 0
    os.lseek(output, 0, os.SEEK_SET)
    while at < size and (some := os.read(output, 65536)):
        at += len(some)
        os.write(2, some)
    os.close(output)


def _become_server(
    channel: socket.socket, message: Message, output: int, children: Children, done: Difference
) -> None:
    log = os.open(message["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.chdir(message["cwd"])
    _take_environment(message["env"], done)
    send(channel, {"ok": True})
    channel.close()
    _hand_out(output)
    _show_command([sys.executable, *message["argv"]])
    children.stand_in(message["env"])
    _run(message["argv"])


def _become_child(
    channel: socket.socket,
    message: Message,
    fds: list[int],
    output: int,
    children: Children,
    done: Difference,
) -> None:
    wanted = [*message["fds"], 0, 1, 2]
    if len(fds) != len(wanted) or any(_is_open(number) for number in message["fds"]):
        send(channel, {"ok": False})
        return
    sys.stdout.flush()
    sys.stderr.flush()
    for number, fd in zip(wanted, fds, strict=True):
        os.dup2(fd, number)
        os.close(fd)
    for name, limit in message["limits"].items():
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(getattr(resource, name), tuple(limit))
    os.chdir(message["cwd"])
    _take_environment(message["env"], done)
    send(channel, {"ok": True})
    channel.close()
    _hand_out(output)
    children.stand_in(message["env"])
    sys.argv = ["-c", "--multiprocessing-fork"]
    exec(message["code"], _main_namespace())


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def _take_environment(env: Mapping[str, str], done: Difference) -> None:
    """Exactly this one, and then what importing did to it.

    The system shows the first one for ever; there our proof is written over.
    """
    if NONCE in env:
        _show_nonce(env[NONCE])
    os.environ.clear()
    os.environ.update(applied(done, env))


def _show_nonce(nonce: str) -> None:
    """Write it over the old one in /proc/self/environ, where ownership is proven."""
    start, end = _block(47)
    with open("/proc/self/mem", "r+b", buffering=0) as memory:
        memory.seek(start)
        block = memory.read(end - start)
        key = b"\0" + NONCE.encode() + b"="
        at = (b"\0" + block).index(key) + len(key) - 1
        room = block.index(b"\0", at) - at
        if len(nonce) > room:
            raise ValueError("the nonce is longer than the one that is there")
        memory.seek(start + at)
        memory.write(nonce.encode().ljust(room, b"\0"))


def _show_command(argv: Sequence[str]) -> None:
    """Let `ps` show what runs, as far as there is room."""
    start, end = _block(45)
    words = b"\0".join(word.encode() for word in argv)[: end - start - 1]
    with open("/proc/self/mem", "r+b", buffering=0) as memory:
        memory.seek(start)
        memory.write(words.ljust(end - start, b"\0"))


def _block(first_field: int) -> tuple[int, int]:
    """Where the arguments (45) or the environment (47) began, by fields of proc_pid_stat(5)."""
    with open("/proc/self/stat", encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[first_field]), int(fields[first_field + 1])


def _run(argv: Sequence[str]) -> None:
    """What `python …` does with these words, in a `__main__` that holds nothing of ours."""
    namespace = _main_namespace()
    if argv[0] == "-m":
        sys.path[0] = os.getcwd()
        sys.argv = ["-m", *argv[2:]]
        runpy._run_module_as_main(argv[1])  # type: ignore[attr-defined]
        return
    sys.path[0] = os.path.dirname(os.path.realpath(argv[0]))
    sys.argv = list(argv)
    namespace["__file__"] = argv[0]
    with open(argv[0], "rb") as file:
        exec(compile(file.read(), argv[0], "exec"), namespace)


def _main_namespace() -> dict[str, Any]:
    namespace = sys.modules["__main__"].__dict__
    namespace.clear()
    namespace.update(types.ModuleType("__main__").__dict__, __builtins__=builtins)
    return namespace


def _start() -> None:
    """Called in the module that `__main__` loads."""
    here = os.path.dirname(os.path.abspath(__file__))
    if sys.path and os.path.abspath(sys.path[0]) == here:
        sys.path[0] = os.getcwd()  # where `python -m` looks first, too
    fd = int(sys.argv[1])
    channel = socket.socket(fileno=fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, RESERVED + 1))
    os.close(fd)
    sys.argv = [sys.argv[0]]
    try:
        serve(channel)
    except (EOFError, TimeoutError):
        os._exit(0)


if __name__ == "__main__":
    _spec = importlib.util.spec_from_file_location(NAME, __file__)
    assert _spec is not None and _spec.loader is not None  # noqa: PT018 - one thought
    sys.modules[NAME] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules[NAME])
    sys.modules[NAME]._start()

"""A terminal for pages: `gateway …` in a shell script, forked off a process that has everything imported.

A shell finds `gateway` on its path. It is a small client: it hands its arguments, folder, environment and open files to a server,
which forks the real command off, and ends as that ends. Only the seconds of importing are gone.
"""

import contextlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from pathlib import Path

from tests.support.running.fork_server import _server, collect_garbage

_CLIENT = """#!{python} -ISE
import array, json, os, signal, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect({socket!r})
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: s.send(b"T"))
asked = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
s.sendmsg([len(asked).to_bytes(4, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
s.sendall(asked)
code = s.recv(1)
sys.exit(code[0] if code else 1)
"""


class Terminal:
    """`path` goes in front of a shell's PATH."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "bin"
        self.path.mkdir()
        address = folder / "terminal.sock"
        client = self.path / "gateway"
        client.write_text(_CLIENT.format(python=sys.executable, socket=str(address)))
        client.chmod(0o700)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(address))
        listener.listen(64)
        self._process = _server.Process(target=_serve, args=(listener,), daemon=True)
        self._process.start()
        listener.close()

    def close(self) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, signal.SIGTERM)
        self._process.join()


def _serve(listener: socket.socket) -> None:
    os.setpgid(0, 0)  # what is left over ends with the group
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os._exit(_answer(connection))
        connection.close()


def _answer(connection: socket.socket) -> int:
    """One command: fork it off, hand signals on, tell how it ended."""
    length, files, _, _ = socket.recv_fds(connection, 4, 3)
    asked = b""
    while len(asked) < int.from_bytes(length, "big"):
        asked += connection.recv(65536)
    arguments, folder, environment = json.loads(asked)
    command = os.fork()
    if command == 0:
        connection.close()
        _become(arguments, folder, environment, files)
    for file in files:
        os.close(file)
    watched = os.pidfd_open(command)
    while True:
        ready, _, _ = select.select([connection, watched], [], [])
        if watched in ready:
            _, status = os.waitpid(command, 0)
            with contextlib.suppress(BrokenPipeError):  # the shell is gone
                connection.sendall(bytes([os.waitstatus_to_exitcode(status) & 0xFF]))
            return 0
        if not connection.recv(1):
            os.kill(command, signal.SIGKILL)
        else:
            os.kill(command, signal.SIGTERM)


def _become(arguments: list[str], folder: str, environment: dict[str, str], files: list[int]) -> None:
    """In the new process: become `python -m app …`."""
    collect_garbage()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    sys.stdout = open(1, "w", 1, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.argv = ["gateway", *arguments]
    code = 0
    try:
        runpy.run_module("app", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

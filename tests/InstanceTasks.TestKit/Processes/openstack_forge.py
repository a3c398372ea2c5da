"""Runs Debian's unmodified openstack and nova commands by their own entry points, each in a process of its own.

The modules are loaded once, before the fork: a command then takes a tenth of the time that a new interpreter needs.
A connection is one command: a line of JSON with "program", "arguments" and "environment" comes, one with "code", "out" and "err" goes back.
"""
import importlib
import importlib.metadata
import json
import os
import signal
import socket
import sys
import tempfile

PROGRAMS = {"openstack": "openstackclient.shell", "nova": "novaclient.shell"}
GROUPS = ("openstack.", "cliff.", "keystoneauth1.")
SECONDS = 120


def load():
    for module in PROGRAMS.values():
        importlib.import_module(module)
    for group, entries in importlib.metadata.entry_points().items():
        if group.startswith(GROUPS):
            for entry in entries:
                try:
                    entry.load()
                except ImportError:
                    # Of a plugin that is installed in part: the command leaves it out, too.
                    continue


def run(request, out, err):
    """The command itself; does not return."""
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = [request["program"], *request["arguments"]]
    code = 1
    try:
        code = importlib.import_module(PROGRAMS[request["program"]]).main(request["arguments"])
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
            code = 1
    except BaseException as end:  # As the interpreter does with what nobody catches.
        sys.excepthook(type(end), end, end.__traceback__)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


def answer(connection):
    """Waits for one command and tells what came of it."""
    with connection, connection.makefile("r") as lines:
        request = json.loads(lines.readline())
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if child == 0:
                run(request, out, err)
            signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
            signal.alarm(SECONDS)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            out.seek(0)
            err.seek(0)
            said = {"code": code, "out": out.read().decode(), "err": err.read().decode()}
        connection.sendall((json.dumps(said) + "\n").encode())


def serve(path):
    load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        print("ready", flush=True)
        while True:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                answer(connection)
                os._exit(0)
            connection.close()


serve(sys.argv[1])

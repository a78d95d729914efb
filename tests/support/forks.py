"""Real processes of the command line, one after another, without the time that starting one takes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, Self

ROOT = Path(__file__).parents[2]

#: Forks for each line; imports what the last run needed, so that the next one finds it.
_PROGRAM = """
import atexit, gc, json, os, sys
from contextlib import suppress
from importlib import import_module
from isic_cli.__main__ import main

def become(asked, told, needed):
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["environ"])
    known = set(sys.modules)
    atexit.register(lambda: os.write(needed, " ".join(set(sys.modules) - known).encode()))
    streams = {0: os.devnull, 1: os.devnull, 2: ""} | {int(at): to for at, to in asked["streams"]}
    for at, to in streams.items():
        if to == "closed":
            os.close(at)
        elif to == "gone":
            read, write = os.pipe()
            os.close(read)
            os.dup2(write, at)
            os.close(write)
        else:
            os.dup2(os.open(to, os.O_RDWR) if to else told, at)
    os.close(told)
    # As Python begins: there is no stream where the descriptor is closed.
    for at, name in enumerate(("stdin", "stdout", "stderr")):
        if streams[at] == "closed":
            setattr(sys, name, None)
            setattr(sys, f"__{name}__", None)
        elif at == 0:
            sys.stdin = open(0, closefd=False)
    sys.argv = ["isic", *asked["arguments"]]
    main()

def read(end):
    with open(end, "rb") as pipe:
        return pipe.read().decode("utf-8", "replace")

for line in sys.stdin:
    asked = json.loads(line)
    words, told = os.pipe()
    names, needed = os.pipe()
    gc.freeze()  # nothing to look through in each child
    child = os.fork()
    if not child:
        become(asked, told, needed)
        sys.exit()
    print(child, flush=True)
    os.close(told)
    os.close(needed)
    text = read(words)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    for name in read(names).split():
        with suppress(Exception):
            import_module(name)
    print(json.dumps([code, text]), flush=True)
"""


class Ended(NamedTuple):
    """The exit code of a run (negative: the signal) and what it said on standard error."""

    code: int
    stderr: str


class Forks:
    """Starts runs, one at a time; a context manager.

    Parameters
    ----------
    environ : str
        Of the process that forks, beside ours: LD_PRELOAD. A run has what our environment is then.
    """

    def __init__(self, **environ: str) -> None:
        self._environ = environ

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-B", "-c", _PROGRAM],
            env=os.environ | {"PYTHONPATH": str(ROOT)} | self._environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)

    def start(
        self,
        *arguments: str,
        cwd: Path | None = None,
        streams: dict[int, str] | None = None,
        **environ: str,
    ) -> int:
        """Start a run; return its process.

        Parameters
        ----------
        streams : dict of int to str, optional
            Descriptors 0 to 2 and the device that each is, or `closed`, or `gone`: a pipe that
            nobody reads. By default the first two are the null device.
        """
        asked = {
            "arguments": arguments,
            "cwd": str(cwd or Path.cwd()),
            "streams": list((streams or {}).items()),
            "environ": os.environ | {"PYTHONPATH": str(ROOT)} | self._environ | environ,
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return int(self._line())

    def end(self) -> Ended:
        """Wait for the end of the run that was started."""
        return Ended(*json.loads(self._line()))

    def run(
        self,
        *arguments: str,
        cwd: Path | None = None,
        streams: dict[int, str] | None = None,
        **environ: str,
    ) -> Ended:
        """Run a command to its end; as `start`."""
        self.start(*arguments, cwd=cwd, streams=streams, **environ)
        return self.end()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

"""Run a module in a child process that dies with its parent, whatever kills the parent.

A run that is killed must not leave a crawl behind it: the next run would take the same pages over from a living one.
This file is also the program that the child starts with; it finds the project by its own place, so that it works from
any folder and is not led astray by modules that happen to lie in the current one.
"""

import ctypes
import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Final

PR_SET_PDEATHSIG: Final = 1  # prctl(2)
WATCH_SECONDS: Final = 1.0  # how often the parent is looked for where the kernel does not tell


def command(module: str, *arguments: str, on_death: signal.Signals = signal.SIGKILL) -> list[str]:
    """Return the command line that runs ``module`` as ``python -m`` does, bound to the calling process's life.

    ``on_death`` is what the child gets when the caller dies. On Linux that is the death of the calling *thread*.
    """
    return [sys.executable, "-P", str(Path(__file__)), str(os.getpid()), str(int(on_death)), module, *arguments]


def main() -> None:
    """Bind this process to its parent, then become the module that was asked for."""
    parent, on_death, module, *arguments = sys.argv[1:]
    _bind(int(parent), signal.Signals(int(on_death)))
    root = str(Path(__file__).resolve().parent.parent)
    if root not in sys.path:
        sys.path.insert(0, root)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _bind(parent: int, on_death: signal.Signals) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(on_death))
    else:
        threading.Thread(target=_watch, args=(parent, on_death), daemon=True).start()
    if os.getppid() != parent:  # it died before we could ask
        os.kill(os.getpid(), on_death)


def _watch(parent: int, on_death: signal.Signals) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os.kill(os.getpid(), on_death)


if __name__ == "__main__":
    main()

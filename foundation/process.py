"""Which process holds something, and does it still live? A process number alone is reused; number and start are not."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Process:
    """A process as a row can name it."""

    host: str
    pid: int
    started: str  # clock ticks since boot and the boot's id, from /proc; empty where there is no /proc

    def __str__(self) -> str:
        return f"{self.host} {self.pid} {self.started}"

    @classmethod
    def parse(cls, text: str) -> "Process":
        """Return what ``str`` made a text of."""
        host, pid, started = text.split(" ", 2)
        return cls(host, int(pid), started)


def this_process() -> Process:
    """Return the calling process."""
    return Process(socket.gethostname(), os.getpid(), started(os.getpid()))


def is_alive(process: Process) -> bool | None:
    """Return whether ``process`` still runs; None where that cannot be told from here (another host)."""
    if process.host != socket.gethostname():
        return None
    if process.started:
        return started(process.pid) == process.started
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def started(pid: int) -> str:
    """Return when ``pid`` began, by the kernel; empty for a process that is gone, a zombie, or without /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    # proc(5): the name, in parentheses, may hold anything; the state is field 3 and the start is field 22.
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else f"{fields[19]}@{boot}"

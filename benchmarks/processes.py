"""CPU and memory of a tree of processes, sampled from /proc: who used what, by role."""

import os
import subprocess
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

TICKS: Final = os.sysconf("SC_CLK_TCK")
INTERVAL: Final = 0.1  # seconds; a process's last tenth may be missed, measured against several seconds of each


@dataclass(slots=True)
class Usage:
    """What one process used, as last seen."""

    role: str
    cpu: float = 0.0  # seconds, user and system
    peak_mb: float = 0.0


@dataclass(slots=True)
class Tree:
    """Samples a process and all its descendants until it ends."""

    role_of: Callable[[str], str]  # command line -> role
    seen: dict[tuple[int, str], Usage] = field(default_factory=dict)

    def watch(self, process: subprocess.Popen[bytes]) -> int:
        """Sample until ``process`` ends; return its exit code."""
        stop = threading.Event()
        sampler = threading.Thread(target=self._sample_until, args=(process.pid, stop))
        sampler.start()
        try:
            return process.wait()
        finally:
            stop.set()
            sampler.join()

    def by_role(self) -> dict[str, Usage]:
        """Sum the CPU and take the highest peak of each role."""
        roles: dict[str, Usage] = {}
        for usage in self.seen.values():
            total = roles.setdefault(usage.role, Usage(usage.role))
            total.cpu += usage.cpu
            total.peak_mb = max(total.peak_mb, usage.peak_mb)
        return roles

    def _sample_until(self, root: int, stop: threading.Event) -> None:
        while not stop.wait(INTERVAL):
            children: dict[int, list[int]] = defaultdict(list)
            for entry in Path("/proc").iterdir():
                if entry.name.isdigit() and (stat := _stat(entry)):
                    children[int(stat[1])].append(int(entry.name))
            waiting = [root]
            while waiting:
                pid = waiting.pop()
                self._sample(Path(f"/proc/{pid}"))
                waiting += children[pid]

    def _sample(self, entry: Path) -> None:
        stat = _stat(entry)
        if stat is None:
            return
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\x00", b" ").decode(errors="replace")
            status = (entry / "status").read_text()
        except OSError:
            return
        if not command:  # a zombie: what it used was seen before
            return
        usage = self.seen.setdefault((int(entry.name), stat[19]), Usage(self.role_of(command)))
        usage.cpu = (int(stat[11]) + int(stat[12])) / TICKS
        peak = next((line for line in status.splitlines() if line.startswith("VmHWM")), "VmHWM: 0 kB")
        usage.peak_mb = max(usage.peak_mb, int(peak.split()[1]) / 1024)


def _stat(entry: Path) -> list[str] | None:
    """Return the fields of proc(5)'s stat from the third on: field n is at n - 3; None for a process that is gone."""
    try:
        return (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None

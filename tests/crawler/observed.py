"""Watch a crawl from inside its processes: every address that a socket connects to, and the most memory it took."""

from pathlib import Path

HOOK = """
import atexit, os, sys

_file = os.open(os.environ["OBSERVED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def _note(line):
    os.write(_file, f"{os.getpid()} {line}\\n".encode())

def _seen(event, arguments):
    if event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        _note(f"{event} {arguments[1][0]} {arguments[1][1]}")

def _peak():
    with open("/proc/self/status") as status:
        _note(next(line for line in status if line.startswith("VmHWM")).strip())

sys.addaudithook(_seen)
atexit.register(_peak)
"""


class Observed:
    """The environment for a crawl, and what was seen of it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "observed.log"
        code = folder / "observed"
        code.mkdir()
        (code / "sitecustomize.py").write_text(HOOK, encoding="utf-8")
        self.environment = {"PYTHONPATH": str(code), "OBSERVED": str(self.file)}

    def connected(self) -> set[tuple[str, int]]:
        """Host and port of everything that any of its processes connected or sent to."""
        lines = [line.split() for line in self._lines() if " socket." in line]
        return {(host, int(port)) for _, _, host, port in lines}

    def peak_mb(self, pid: int) -> float:
        """The most memory that one process had resident at once."""
        kilobytes = [line.split()[2] for line in self._lines() if line.startswith(f"{pid} VmHWM")]
        return int(kilobytes[-1]) / 1024

    def _lines(self) -> list[str]:
        return self.file.read_text(encoding="utf-8").splitlines()

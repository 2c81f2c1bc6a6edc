"""A PostgreSQL of the tests' own, started from the machine's binaries as a user that is not root."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MISSING = "no PostgreSQL binaries (initdb, postgres): every test on PostgreSQL is skipped"


def binaries() -> Path | None:
    """Return the folder that holds ``initdb`` and ``postgres``, newest release first; None where there is none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name.split(".")[0]))
    if found := shutil.which("initdb"):
        folders.append(Path(found).resolve().parent)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


@contextmanager
def server() -> Iterator[str]:
    """Run a server on a socket of its own; give the address of its superuser's database, without a database name."""
    folder = binaries()
    assert folder, MISSING
    place = Path(tempfile.mkdtemp(prefix="storyfold-pg-", dir="/tmp"))
    place.chmod(0o700)
    user = _unprivileged()
    if user:
        shutil.chown(place, user)
    data = place / "data"

    def run(*command: str | Path) -> None:
        done = subprocess.run(
            command, user=user, cwd=place, capture_output=True, text=True, check=False, env={"LC_ALL": "C.UTF-8"}
        )
        assert done.returncode == 0, f"{command[0]}: {done.stdout}\n{done.stderr}"

    run(folder / "initdb", "-D", data, "-U", "storyfold", "--auth=trust", "--encoding=UTF8", "--no-sync")
    # Tests want speed, not durability; crashes of the *server* are not what they are about.
    options = f"-k {place} -c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    run(folder / "pg_ctl", "-D", data, "-w", "-l", place / "log", "-o", options, "start")
    try:
        yield f"postgresql://storyfold@/{{name}}?host={place}"
    finally:
        run(folder / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(place, ignore_errors=True)


def _unprivileged() -> str | None:
    """Return a user for the server where we are root, which it refuses."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)

"""Host names and the addresses they stand for, as text that fits into an environment variable."""

from collections.abc import Mapping

VARIABLE = "STORYFOLD_STATIC_HOSTS"


def parse_hosts(text: str) -> dict[str, str]:
    """Read ``"a.test=127.0.0.1,b.test=127.0.0.1"``; raises ValueError on anything else."""
    hosts = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, equals, address = entry.partition("=")
        if not (name and equals and address):
            raise ValueError(f"{VARIABLE}: expected name=address, found {entry!r}")
        hosts[name.strip().lower()] = address.strip()
    return hosts


def format_hosts(hosts: Mapping[str, str]) -> str:
    """Write what ``parse_hosts`` reads."""
    return ",".join(f"{name}={address}" for name, address in hosts.items())

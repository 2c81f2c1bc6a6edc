"""What can go wrong, and what becomes of the work: each class says which."""


class NewsError(Exception):
    """Base of every error that this project raises on purpose."""


class ConfigurationError(NewsError):
    """The configuration cannot be used; nothing starts (exit code 2)."""


class UsageError(NewsError):
    """The command's arguments or its input file cannot be used; nothing starts (exit code 2)."""


class AlreadyRunning(NewsError):
    """Another process does this very work and is alive; this one leaves it to it (exit code 75)."""


class UnusableUrl(NewsError):
    """An address that cannot name a page of ours; the link is recorded as refused, and the crawl goes on."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{reason}: {url[:200]}")
        self.url = url
        self.reason = reason


class UnusableQuery(NewsError):
    """A query that cannot be read; the message says why and where. A configuration that holds one starts nothing."""


class DatabaseMismatch(NewsError):
    """The database was written by a newer storyfold, or is not one of ours; nothing is touched."""

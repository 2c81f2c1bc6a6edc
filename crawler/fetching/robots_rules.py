"""What one robots.txt allows, at a bounded cost: the file may be as hostile as any page, and so may the addresses."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Final

from scrapy.robotstxt import ProtegoRobotParser, RobotParser

READ_LIMIT: Final = 500 * 1024  # RFC 9309, 2.5: at least 500 KiB are parsed; an endless robots.txt took 2.2 GB
# Protego keeps a rule once for each agent of its group: 15,000 agents and 15,000 rules, which fit into 500 kB, are
# 225 million. The largest of 1,108 real files weighs 47,646; at the limit a file takes a second and 30 MB.
RULES_LIMIT: Final = 100_000
WILDCARD_WEIGHT: Final = 4  # times the memory of a plain rule, and eight with a `$`, which is kept as two rules
# A rule with a wildcard looks through the whole address: bytes of such rules × bytes of the address. Written for it,
# 100 million take 40 ms; 500 kB of them against 8,000 bytes took 2 s. Real files have 30 kB of such rules at most.
MATCH_LIMIT: Final = 100_000_000
# Seconds that a robots.txt is believed at the least: many say `max-age=0`, which would double the requests to the site.
LEAST_LIFETIME: Final = 3_600.0

_MAX_AGE: Final = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)


class TooIntricate(Exception):
    """Judging by this robots.txt would cost more than any honest one does."""


class RobotsRules(RobotParser):
    """The rules of one file, parsed once. An empty body allows everything. Raises TooIntricate."""

    def __init__(self, body: bytes) -> None:
        self._body = read_part(body)
        self.weight, self._wildcards = _measured(self._body.decode("utf-8", "ignore"))
        if self.weight > RULES_LIMIT:
            raise TooIntricate(f"{self.weight:,} rules, those of every agent counted")

    @classmethod
    def from_crawler(cls, crawler: object, robotstxt_body: bytes) -> RobotsRules:
        """Do as Scrapy's parsers do."""
        return cls(robotstxt_body)

    def allowed(self, url: str | bytes, user_agent: str | bytes) -> bool:
        """Tell whether the agent may ask for ``url``; it may not where that costs too much to find out."""
        return self._wildcards * len(url) <= MATCH_LIMIT and self._parser.allowed(url, user_agent)

    def crawl_delay(self, user_agent: str | bytes) -> float | None:
        """Return the seconds that the agent shall wait between requests, where the file says so."""
        return self._parser.crawl_delay(user_agent)

    def parse(self) -> None:
        """Read the file now, which may take a second; any thread may do it."""
        _ = self._parser

    @cached_property
    def _parser(self) -> RobotParser:
        return ProtegoRobotParser(self._body, None)


def read_part(body: bytes) -> bytes:
    """Return as much of a robots.txt as is read: whole lines, for half a rule is another rule."""
    if len(body) <= READ_LIMIT:
        return body
    cut = body[:READ_LIMIT]
    return cut[: max(cut.rfind(b"\n"), cut.rfind(b"\r")) + 1] or cut


def lifetime(cache_control: str, longest: float) -> float:
    """Return the seconds for which a robots.txt is believed: Cache-Control may shorten it (RFC 9309, 2.4)."""
    found = _MAX_AGE.search(cache_control)
    return min(longest, max(LEAST_LIFETIME, float(found[1]))) if found else longest


def product_token(user_agent: str) -> str:
    """Return the name that robots rules address: ``storyfold`` of ``storyfold/0.1 (+https://…)``."""
    return user_agent.split("/")[0].split(" ")[0].strip() or user_agent


def _measured(text: str) -> tuple[int, int]:
    """Return what Protego would keep, in plain rules of one agent, and the bytes of rules with wildcards."""
    rules = agents = wildcards = 0
    was_agent = False
    for line in text.splitlines():
        start = line.lstrip()[:4].lower()
        is_agent = start == "user"
        if is_agent:
            agents = agents + 1 if was_agent else 1
        elif not start.startswith(("a", "d")):  # allow, disallow and its misspellings
            continue
        is_wild = not is_agent and ("*" in line or "$" in line)
        wildcards += len(line) if is_wild else 0
        # An agent that a group names again is compared with all before it: it counts like a rule.
        rules += max(agents, 1) * (WILDCARD_WEIGHT if is_wild else 1)
        was_agent = is_agent
    return rules, wildcards

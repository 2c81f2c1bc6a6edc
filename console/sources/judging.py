"""What a run would do with a page that a trial has seen in a feed, and why."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.orm import Session

from console.session import now
from crawler.discovery.findings import in_words
from crawler.fetching.robots_rules import RobotsRules, TooIntricate, product_token
from crawler.sources import Rules
from foundation.config import Settings, SourceSettings
from foundation.urls import origin
from storage import robots


class Judge:
    """Judges by what a trial left in its database, and by ``known``: the keys of pages in the real one."""

    def __init__(self, session: Session, settings: Settings, source: SourceSettings, known: Collection[bytes]) -> None:
        self.session = session
        self.agent = product_token(source.user_agent or settings.crawl.user_agent)
        self.source = Rules([source])[source.name]
        self.known = known
        self.rules: dict[tuple[str, bool], RobotsRules | None] = {}

    def told(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the row with ``what`` would be done, and without its key."""
        is_known = row["key"] in self.known
        told = {name: value for name, value in row.items() if name != "key"}
        return told | {"is_known": is_known, "what": self._what(row, is_known=is_known)}

    def _what(self, row: Mapping[str, Any], *, is_known: bool) -> str:
        if is_known:
            return "pass it over: known already"
        match row["state"]:
            case "read":
                return f"read it: {row['kind'] or row['reason'] or 'no article'}"
            case "waiting" if self._is_forbidden(row["url"]):
                return "refuse it: robots.txt"
            case "waiting" if row["reason"] is None:
                return "fetch it"
            case "refused":
                return f"refuse it: {in_words(row['reason'])}"
            case "gone":
                return f"find it gone: {in_words(row['reason'])}"
            case _:
                return f"fail: {in_words(row['reason'] or row['state'])}"

    def _is_forbidden(self, url: str) -> bool:
        """Tell by the rules that the trial's own crawl has read; of hosts that it did not ask nothing is known."""
        key = (origin(url), self.source.may_be_private(url))
        if key not in self.rules:
            found = robots.load(self.session, *key, now=now())
            try:
                self.rules[key] = RobotsRules(found.body) if found else None
            except TooIntricate:
                return True
        rules = self.rules[key]
        return rules is not None and not rules.allowed(url, self.agent)

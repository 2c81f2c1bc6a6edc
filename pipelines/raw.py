"""The first pipeline: a page's bytes and state are committed before anything reads them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from crawler.items import Page
from crawler.store import Store
from storage import raw

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from sqlalchemy.orm import Session


class KeepRaw:
    """Stores pages that are not stored yet; recovered ones and other items pass.

    Whatever dies later, nothing is fetched twice for it. Raises UnusableUrl for a page of a user's own spider whose
    address can name none: that item ends there, with a line in the log.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Share the crawl's one writer."""
        return cls(Store.of(crawler))

    async def process_item(self, item: Any) -> Any:
        """Return the page with its ids."""
        if not isinstance(item, Page) or item.raw_id is not None:
            return item
        page_id, raw_id = await self.store.write(_keep, item, self.store.run_id)
        return replace(item, page_id=page_id, raw_id=raw_id)


def _keep(session: Session, page: Page, run_id: int | None) -> tuple[int, int]:
    answer = raw.Answer(page.final_url, page.status, page.headers, page.body, page.fetched_at, page.insecure_tls)
    if page.page_id is None:
        return raw.keep_foreign(session, page.url, page.source, answer, run_id=run_id)
    return page.page_id, raw.keep(session, page.page_id, answer, run_id=run_id)

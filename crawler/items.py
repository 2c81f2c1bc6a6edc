"""What the crawl hands to the pipelines: one page's answer. A user's own spider yields it, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Page:
    """One answer with its bytes, decompressed but not decoded.

    ``url`` is the address asked for, ``final_url`` the one that answered; ``headers`` have lower-case names.
    ``insecure_tls``: nobody checked the certificate of the connection that it came over. ``page_id`` and ``raw_id`` are
    None until the first pipeline has stored the page.
    """

    url: str
    final_url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    fetched_at: datetime
    source: str
    page_id: int | None = None
    raw_id: int | None = None
    insecure_tls: bool = False

    @property
    def content_type(self) -> str | None:
        """The header as it came, charset and all."""
        return self.headers.get("content-type")

    def __repr__(self) -> str:
        """Name the page without its bytes: Scrapy logs items that fail."""
        return f"Page({self.url!r}, status={self.status}, {len(self.body)} bytes, raw_id={self.raw_id})"

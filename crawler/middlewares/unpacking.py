"""Unpack bodies within the size limit, and say so when one is cut short or larger than we read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from crawler.outcomes import Failed, Refused
from crawler.unpack import NotPacked, TooLarge, Truncated, unpack

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

ACCEPTED: Final = b"gzip, deflate, br, zstd"


class UnpackingMiddleware:
    """Undoes Content-Encoding. Raises Refused (``too_large``) or Failed (``truncated_body``).

    Scrapy's own takes half a gzip body for a whole one and loses a page that is not packed though its header says so;
    here the first is asked again and the second is taken as it came.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read ``DOWNLOAD_MAXSIZE``."""
        return cls(crawler.settings.getint("DOWNLOAD_MAXSIZE"))

    def process_request(self, request: Request) -> None:
        """Say what we can unpack."""
        request.headers.setdefault("Accept-Encoding", ACCEPTED)

    def process_response(self, request: Request, response: Response) -> Response:
        """Return the response with its body unpacked."""
        header = b",".join(response.headers.getlist("Content-Encoding")).decode("latin-1").lower()
        encodings = [name.strip() for name in header.split(",") if name.strip()]
        if not encodings or not response.body:
            return response
        try:
            body = unpack(response.body, encodings, request.meta.get("download_maxsize", self.limit))
        except TooLarge as error:
            raise Refused("too_large", request.url) from error
        except Truncated as error:
            raise Failed("truncated_body", request.url, is_passing=True) from error
        except NotPacked:
            body = response.body
        unpacked = response.replace(body=body)
        del unpacked.headers["Content-Encoding"]
        return unpacked

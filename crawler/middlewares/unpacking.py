"""Unpack bodies within the size limit, and say so when one is cut short or larger than we read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from scrapy.http import Response
from scrapy.responsetypes import responsetypes

from crawler.fetching.outcomes import Failed, Partial, Refused
from crawler.fetching.unpack import NotPacked, TooLarge, Truncated, is_text, unpack

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

ACCEPTED: Final = b"gzip, deflate, br, zstd"
CUT: Final = "dataloss"  # Scrapy's flag for a body shorter than its length, or without its last chunk


class UnpackingMiddleware:
    """Undoes Content-Encoding.

    Raises Refused (``too_large``), or Failed (``wrongly_packed``, or ``truncated_body`` with what came). Scrapy's own
    takes half a gzip body for a whole one and loses a page that is not packed though its header says so; here the first
    is asked again and the second, where it is text, is taken as it came.
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
        is_whole = CUT not in response.flags
        encodings = _encodings(response)
        if encodings and response.body:
            response, is_packed_whole = self._unpacked(request, response, encodings)
            is_whole = is_whole and is_packed_whole
        if not is_whole:
            came = Partial(response.body, response.status, response.headers, response.url)
            raise Failed("truncated_body", request.url, is_passing=True, partial=came)
        return response

    def _unpacked(self, request: Request, response: Response, encodings: list[str]) -> tuple[Response, bool]:
        """Return the response unpacked as far as it goes, and whether that is all of it."""
        is_whole = True
        try:
            # A request that sets no limit of its own by 0 (robots.txt ends its download itself) has ours.
            body = unpack(response.body, encodings, request.meta.get("download_maxsize") or self.limit)
        except TooLarge as error:
            raise Refused("too_large", request.url) from error
        except Truncated as error:
            body, is_whole = error.body, False
        except NotPacked as error:
            if not is_text(response.body):
                raise Failed("wrongly_packed", f"{error}: {request.url}", is_passing=True) from error
            body = response.body
        return _with_body(response, body), is_whole


def _encodings(response: Response) -> list[str]:
    header = b",".join(response.headers.getlist("Content-Encoding")).decode("latin-1").lower()
    return [name.strip() for name in header.split(",") if name.strip()]


def _with_body(response: Response, body: bytes) -> Response:
    """Return the response with another body; ``Response.replace`` would decode the old one to guess its charset."""
    headers = response.headers.copy()
    del headers["Content-Encoding"]
    kind = responsetypes.from_args(headers=headers, url=response.url, body=body)
    same = {name: getattr(response, name) for name in Response.attributes}
    return kind(**same | {"body": body, "headers": headers})

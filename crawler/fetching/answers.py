"""HTTP/1.1 answers as far as we read them: Scrapy's parser with bounds for what comes before a body.

Twisted bounds the length of one header line and nothing else: endless headers, or endless answers of the kind "100
Continue", grew until the request's time was up.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from scrapy.core.downloader.handlers.http11 import (
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
    _LenientHTTPClientParser,
)
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.web._newclient import ParseError, ResponseFailed
from twisted.web.http import _DataLoss, _IdentityTransferDecoder
from twisted.web.http_headers import InvalidHeaderName

from crawler.fetching.outcomes import Failed

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred
    from twisted.internet.interfaces import IAddress
    from twisted.web.iweb import IResponse

# Chrome and curl take 256 and 300 kB; nginx, in front of others, 4 to 32 kB. Real answers have 10 to 60 headers.
HEADER_BYTES: Final = 100_000
HEADER_LINES: Final = 200
TOO_LARGE: Final = "headers_too_large"


class BoundedParser(_LenientHTTPClientParser):
    """Reads an answer whose lines before the body, interim answers included, stay within bounds.

    A status line that is none, and a connection that breaks before the end of a body of unknown length, are errors.
    """

    MAX_LENGTH = HEADER_BYTES  # of one line; Twisted's 16,384 loses pages with a long Content-Security-Policy
    _lines = 0
    _bytes = 0

    def lineReceived(self, line: bytes) -> None:  # Twisted's name
        """Take a line of the head. Raises Failed."""
        self._lines += 1
        self._bytes += len(line)
        if self._lines > HEADER_LINES or self._bytes > HEADER_BYTES:
            raise Failed(TOO_LARGE)
        super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:  # Twisted's name
        """Refuse a line that is longer than all headers together may be."""
        raise Failed(TOO_LARGE)

    def statusReceived(self, status: bytes) -> None:  # Twisted's name
        """Take the first line. Raises ParseError: Twisted takes any protocol and numbers of 4,000 digits."""
        super().statusReceived(status)  # type: ignore[no-untyped-call]
        if not status.startswith(b"HTTP/") or not 0 <= self.response.code <= 999:
            raise ParseError("not a status line", status[:100])  # type: ignore[no-untyped-call]

    def headerReceived(self, name: bytes, value: bytes) -> None:  # Twisted's name
        """Keep a header; one whose name is none is skipped, as browsers do."""
        with suppress(InvalidHeaderName):
            super().headerReceived(name, value)  # type: ignore[no-untyped-call]

    def allHeadersReceived(self) -> None:  # Twisted's name
        """Take the empty line. Raises ParseError for a length or a transfer encoding that cannot be."""
        try:
            super().allHeadersReceived()  # type: ignore[no-untyped-call]
        except (KeyError, ValueError) as error:
            raise ParseError("no such body", str(error).encode()) from error  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Failure | None = None) -> None:  # Twisted's name
        """End the answer. A body without a length is whole where the server closed the connection, not where it broke.

        Over TLS that cannot be told: many servers close without saying so.
        """
        # Twisted gives a Failure, or the bare ConnectionDone where the answer is complete.
        is_broken = isinstance(reason, Failure) and not isinstance(reason.value, ConnectionDone)
        if is_broken and self._may_be_cut:
            self.response._bodyDataFinished(Failure(ResponseFailed([reason, Failure(_DataLoss())], self.response)))  # type: ignore[no-untyped-call]
        else:
            super().connectionLost(reason)

    @property
    def _may_be_cut(self) -> bool:
        decoder = self.bodyDecoder
        is_plain = (self.request.absoluteURI or b"").startswith(b"http:")
        return is_plain and isinstance(decoder, _IdentityTransferDecoder) and decoder.contentLength is None


class BoundedProtocol(_LenientHTTP11ClientProtocol):
    """A connection that reads its answers with BoundedParser."""

    def request(self, request: Any) -> Deferred[IResponse]:
        """Send a request, as Scrapy's protocol does, which replaces the class of Twisted's parser in the same way."""
        answer = super().request(request)
        assert self._parser is not None
        self._parser.__class__ = BoundedParser
        return answer

    def dataReceived(self, data: bytes) -> None:  # Twisted's name
        """Read on; whatever comes after an answer that was given up ends the connection at once.

        Closing TLS politely means to wait for the other side, which an endless answer never lets happen.
        """
        if self._parser is None or self.transport.disconnecting:  # type: ignore[union-attr]
            self.transport.abortConnection()  # type: ignore[union-attr]
        else:
            super().dataReceived(data)  # type: ignore[no-untyped-call]


class BoundedFactory(_LenientHTTP11ClientFactory):
    """Makes BoundedProtocol for a connection pool."""

    def buildProtocol(self, addr: IAddress | None) -> BoundedProtocol:  # Twisted's name
        """Return the protocol of a new connection."""
        return BoundedProtocol(self._quiescentCallback)  # type: ignore[no-untyped-call]

"""A small news web on loopback: invented outlets, real markup, and a truth file to measure a crawl against."""

from console.newsweb.server import NewsWeb, Request

__all__ = ["NewsWeb", "Request"]

"""Write an outlet's feeds: RSS 0.91, 1.0 and 2.0, Atom and JSON Feed."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from console.newsweb.content import Article, Feed, Outlet, newest
from console.newsweb.render import local_time


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a feed."""

    link: str
    title: str
    summary: str
    author: str
    published: datetime
    modified: datetime


def feed_body(feed: Feed, outlet: Outlet, articles: list[Article], base: datetime, home: str) -> bytes:
    """The feed's bytes; the same for the same content and ``base``, so that its digest can be its ETag."""
    return WRITERS[feed.kind](outlet, _items(feed, outlet, articles, base, home), home)


def _items(feed: Feed, outlet: Outlet, articles: list[Article], base: datetime, home: str) -> list[Item]:
    chosen = [item for item in articles if feed.section in (None, item.section) and (feed.links == "page" or item.amp)]
    prefix = home + ("/amp" if feed.links == "amp" else "")
    items = [
        Item(
            link=prefix + article.path + outlet.tracking,
            title=article.title,
            summary=article.dek or article.body[0],
            author=article.author,
            published=local_time(base, article.minutes, outlet),
            modified=local_time(base, newest(article), outlet),
        )
        for article in chosen
    ]
    if feed.section is None and feed.links == "page":
        items += [_dead_item(dead.path, dead.title, base, outlet, home) for dead in outlet.dead]
    return items


def _dead_item(path: str, title: str, base: datetime, outlet: Outlet, home: str) -> Item:
    moment = local_time(base, 600, outlet)
    link = path if ":" in path.split("/")[0] else home + path
    return Item(link, title, "", "", moment, moment)


def _rss2(outlet: Outlet, items: list[Item], home: str) -> bytes:
    entries = "".join(
        f"<item><title>{escape(item.title)}</title><link>{escape(item.link)}</link>"
        f'<guid isPermaLink="false">{escape(item.link.partition("?utm")[0])}</guid>'
        f"<description>{escape(item.summary)}</description><dc:creator>{escape(item.author)}</dc:creator>"
        f"<pubDate>{format_datetime(item.modified)}</pubDate></item>\n"
        for item in items
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
        f"<title>{escape(outlet.name)}</title><link>{home}/</link><description>{escape(outlet.tagline)}</description>"
        f"<language>{outlet.language}</language>\n{entries}</channel></rss>\n"
    ).encode()


def _rss1(outlet: Outlet, items: list[Item], home: str) -> bytes:
    toc = "".join(f'<rdf:li rdf:resource="{escape(item.link)}"/>' for item in items)
    entries = "".join(
        f'<item rdf:about="{escape(item.link)}"><title>{escape(item.title)}</title><link>{escape(item.link)}</link>'
        f"<description>{escape(item.summary)}</description><dc:date>{item.modified.isoformat()}</dc:date></item>\n"
        for item in items
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<channel rdf:about="{home}/"><title>{escape(outlet.name)}</title><link>{home}/</link>'
        f"<description>{escape(outlet.tagline)}</description><items><rdf:Seq>{toc}</rdf:Seq></items></channel>\n"
        f"{entries}</rdf:RDF>\n"
    ).encode()


def _rss091(outlet: Outlet, items: list[Item], home: str) -> bytes:
    entries = "".join(
        f"<item><title>{escape(item.title)}</title><link>{escape(item.link)}</link>"
        f"<description>{escape(item.summary)}</description></item>\n"
        for item in items
    )
    document = (
        f'<?xml version="1.0" encoding="{outlet.charset}"?>\n<rss version="0.91"><channel>'
        f"<title>{escape(outlet.name)}</title><link>{home}/</link><description>{escape(outlet.tagline)}</description>"
        f"<language>{outlet.language}</language>\n{entries}</channel></rss>\n"
    )
    return document.encode(outlet.charset, "xmlcharrefreplace")


def _atom(outlet: Outlet, items: list[Item], home: str) -> bytes:
    entries = "".join(
        f'<entry><id>{escape(item.link)}</id><title>{escape(item.title)}</title><link href="{escape(item.link)}"/>'
        f"<published>{item.published.isoformat()}</published><updated>{item.modified.isoformat()}</updated>"
        f"<author><name>{escape(item.author or outlet.name)}</name></author>"
        f"<summary>{escape(item.summary)}</summary></entry>\n"
        for item in items
    )
    updated = max(item.modified for item in items).isoformat()
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom"><id>{home}/</id>'
        f'<title>{escape(outlet.name)}</title><link href="{home}/"/><updated>{updated}</updated>\n{entries}</feed>\n'
    ).encode()


def _json(outlet: Outlet, items: list[Item], home: str) -> bytes:
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": outlet.name,
        "home_page_url": f"{home}/",
        "language": outlet.language,
        "items": [
            {
                "id": item.link,
                "url": item.link,
                "title": item.title,
                "summary": item.summary,
                "date_published": item.published.isoformat(),
                "date_modified": item.modified.isoformat(),
                "authors": [{"name": item.author or outlet.name}],
            }
            for item in items
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _broken(outlet: Outlet, items: list[Item], home: str) -> bytes:
    """A router's login page where a feed should be: not XML, not a feed, and never the same entries as the real one."""
    return b"\x00\x01HTTP proxy: please log in \xff\xfe <b>session expired & <rss <channel <item>>\n" * 40


WRITERS: dict[str, Callable[[Outlet, list[Item], str], bytes]] = {
    "rss2": _rss2,
    "rss1": _rss1,
    "rss091": _rss091,
    "atom": _atom,
    "json": _json,
    "broken": _broken,
}

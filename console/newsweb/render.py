"""Print an article as its outlet does: one HTML template an outlet (or chain), furniture and all."""

import json
from datetime import datetime, timedelta, timezone
from functools import cache
from html import escape
from pathlib import Path
from string import Template

from console.newsweb.content import Article, Content, Outlet, newest

TEMPLATES = Path(__file__).parent / "templates"
RIGHT_TO_LEFT = frozenset({"ar", "he", "fa", "ur"})


@cache
def template(name: str) -> Template:
    """A template of the package by its file name."""
    return Template((TEMPLATES / name).read_text("utf-8"))


def local_time(base: datetime, minutes: float, outlet: Outlet) -> datetime:
    """The moment ``minutes`` before ``base`` on the outlet's clock."""
    return (base - timedelta(minutes=minutes)).astimezone(timezone(timedelta(hours=outlet.zone)))


def page(article: Article, outlet: Outlet, content: Content, base: datetime, home: str, *, amp: bool = False) -> bytes:
    """The article's page. ``home`` is the outlet's address without a path; ``amp`` asks for the AMP variant."""
    published = local_time(base, article.minutes, outlet)
    modified = local_time(base, newest(article), outlet)
    values = {
        "language": outlet.language,
        "direction": "rtl" if outlet.language in RIGHT_TO_LEFT else "ltr",
        "charset": outlet.charset,
        "site": escape(outlet.name),
        "owner": escape(outlet.owner),
        "tagline": escape(outlet.tagline),
        "home": home,
        "canonical": home + article.path,
        "amp": f'<link rel="amphtml" href="{home}/amp{article.path}">' if article.amp else "",
        "title": escape(article.title),
        "dek": escape(article.dek),
        "section": escape(article.section.capitalize()),
        "author": escape(article.author),
        "bio": escape(outlet.bios.get(article.author, "")),
        "agency": escape(article.agency),
        "published": published.isoformat(),
        "modified": modified.isoformat(),
        "day": f"{published:%d}.{published:%m}.{published:%Y}",
        "print_day": f"{published.day} {published:%B} {published.year}",
        "long_day": f"{published:%B} {published.day}, {published.year}",
        "clock": f"{published:%H:%M}",
        "year": f"{published.year}",
        "countdown": str(40 + article.minutes // 300),
        "read_minutes": str(1 + sum(len(text.split()) for text in article.body) // 220),
        "figure": _figure(article, outlet, home),
        "body": _body(article, outlet),
        "related": _related(article, outlet, content, home),
        "json_ld": _json_ld(article, outlet, published, modified, home),
    }
    name = "amp.html" if amp else {"article": outlet.template}.get(article.kind, f"{article.kind}.html")
    return template(name).substitute(values).encode(outlet.charset, "xmlcharrefreplace")


def front_page(outlet: Outlet, articles: list[Article], home: str) -> bytes:
    """The outlet's home page: its headlines."""
    links = "\n".join(f'<li><a href="{home}{item.path}">{escape(item.title)}</a></li>' for item in articles)
    values = {
        "language": outlet.language,
        "charset": outlet.charset,
        "site": escape(outlet.name),
        "tagline": escape(outlet.tagline),
        "links": links,
        "feeds": "\n".join(
            f'<link rel="alternate" type="{FEED_TYPES[feed.kind]}" href="{feed.path}">' for feed in outlet.feeds
        ),
    }
    return template("front.html").substitute(values).encode(outlet.charset, "xmlcharrefreplace")


FEED_TYPES = {
    "rss2": "application/rss+xml",
    "rss091": "application/rss+xml",
    "rss1": "application/rdf+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
    "broken": "application/rss+xml",
}


def _body(article: Article, outlet: Outlet) -> str:
    lines = [insert.html for insert in outlet.inserts if insert.after == 0]
    for number, text in enumerate(article.body, 1):
        lines.append(Template(outlet.paragraph).substitute(text=escape(text, quote=False)))
        lines += [insert.html for insert in outlet.inserts if insert.after == number < len(article.body)]
    if article.agency:
        lines.append(Template(outlet.credit).substitute(agency=escape(article.agency)))
    lines += [insert.html for insert in outlet.inserts if insert.after < 0]
    return "\n".join(lines)


def _figure(article: Article, outlet: Outlet, home: str) -> str:
    caption = article.caption or outlet.default_caption
    if not caption:
        return ""
    image = f"{home}/images{article.path.rstrip('/')}.jpg"
    return Template(outlet.figure).substitute(image=image, caption=escape(caption))


def _related(article: Article, outlet: Outlet, content: Content, home: str) -> str:
    others = [other for other in content.of(outlet.host) if other.path != article.path][:3]
    return "\n".join(f'<li><a href="{home}{other.path}">{escape(other.title)}</a></li>' for other in others)


def _json_ld(article: Article, outlet: Outlet, published: datetime, modified: datetime, home: str) -> str:
    types = {"article": "NewsArticle", "live_blog": "LiveBlogPosting", "video": "VideoObject"}
    data: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": types[article.kind],
        "headline" if article.kind != "video" else "name": article.title,
        "description": article.dek,
        "datePublished" if article.kind != "video" else "uploadDate": published.isoformat(),
        "dateModified": modified.isoformat(),
        "inLanguage": outlet.language,
        "articleSection": article.section,
        "mainEntityOfPage": home + article.path,
        "publisher": {"@type": "NewsMediaOrganization", "name": outlet.name},
        "isAccessibleForFree": True,
    }
    if article.author:
        data["author"] = [{"@type": "Person", "name": article.author}]
    if article.kind == "live_blog":
        data["coverageStartTime"] = published.isoformat()
        data["liveBlogUpdate"] = [{"@type": "BlogPosting", "articleBody": text} for text in article.body]
    return json.dumps(data, ensure_ascii=False).replace("</", "<\\/")

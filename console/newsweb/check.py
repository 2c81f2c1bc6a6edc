"""Compare what a crawl and fold of the news web left behind with the truth, and say each difference in words."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus

from console.newsweb.server import Request
from console.newsweb.truth import TrueArticle, TruePage, Truth


@dataclass(frozen=True, slots=True)
class Found:
    """One page of the database, and what is known of the article that it belongs to."""

    url: str
    state: str
    reason: str | None
    article_url: str | None = None
    kind: str | None = None
    copy_group: int | str | None = None
    story: int | str | None = None
    first: bool = False  # the product says that this article is the first of its story
    title: str = ""
    text: str = ""
    versions: int = 1


def compare(found: Iterable[Found], truth: Truth, failed_feeds: Iterable[str] | None = None) -> list[str]:
    """Every difference between the pages found and the truth; an empty list when there is none.

    ``failed_feeds``: addresses of the feeds whose last poll failed; None when nobody asked.
    """
    pages = {address(row.url): row for row in found}
    return [
        *_unexpected(pages, truth),
        *(line for article in truth.articles.values() for line in _article(article, pages, truth)),
        *(line for page in truth.pages.values() for line in _page(page, pages.get(page.address))),
        *_partition(pages, truth, "copy group", lambda row: row.copy_group, lambda article: article.copy_group),
        *_partition(pages, truth, "story", lambda row: row.story, lambda article: article.event or article.address),
        *_firsts(pages, truth),
        *([] if failed_feeds is None else _feeds({address(url) for url in failed_feeds}, set(truth.broken_feeds))),
    ]


def address(url: str) -> str:
    """``host/path`` of a URL: no scheme, no port, no tracking query. A URL that is not http stays as it is."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("http", "https"):
        return url
    host, slash, path = rest.partition("/")
    return host.partition(":")[0] + slash + path.partition("?utm_")[0]


def servings(log: Iterable[Request]) -> Counter[str]:
    """How often each address was served in full: what a crawler had to fetch at all, and what it fetched again."""
    whole = (request for request in log if request.complete and request.status == HTTPStatus.OK)
    return Counter(f"{request.host}{request.path.partition('?utm_')[0]}" for request in whole)


def _unexpected(pages: dict[str, Found], truth: Truth) -> Iterator[str]:
    known = truth.articles.keys() | truth.pages.keys()
    known |= {other for article in truth.articles.values() for other in article.pages}
    for name in pages.keys() - known:
        yield f"{name}: a page that the news web does not have ({pages[name].state})"


def _article(article: TrueArticle, pages: dict[str, Found], truth: Truth) -> Iterator[str]:
    row = pages.get(article.address)
    if row is None:
        yield f"{article.address}: never found"
        return
    if row.state != "read" or row.article_url is None:
        yield f"{article.address}: should be an article, is a page in state {row.state!r} ({row.reason})"
        return
    if row.kind != "article":
        yield f"{article.address}: kind {row.kind!r}, should be 'article'"
    for other in (article.address, *article.pages):
        if other not in pages:
            yield f"{other}: never found"
        elif (named := address(pages[other].article_url or "nothing")) != article.address:
            yield f"{other}: belongs to {named}, should belong to {article.address}"
    if row.versions != article.versions:
        yield f"{article.address}: {row.versions} versions, should be {article.versions}"
    if article.title and article.title not in row.title:
        yield f"{article.address}: title {row.title!r}, should hold {article.title!r}"
    furniture = truth.furniture.get(article.address.partition("/")[0], ())
    for sentence in article.has:
        if _plain(sentence) not in _plain(row.text):
            yield f"{article.address}: its text lacks {sentence!r}"
    for line in (*article.has_not, *furniture):
        if _plain(line) in _plain(row.text):
            yield f"{article.address}: its text holds the furniture {line!r}"


def _page(page: TruePage, row: Found | None) -> Iterator[str]:
    if row is None:
        if not page.optional:
            yield f"{page.address}: never found"
        return
    wanted = " or ".join(page.states)
    if row.state not in page.states:
        yield f"{page.address}: state {row.state!r} ({row.reason}), should be {wanted}"
    if page.readable and row.article_url is not None:
        return
    if page.reasons and not any(word in (row.reason or "").lower() for word in page.reasons):
        yield f"{page.address}: {row.state}, reason {row.reason!r}, which names none of {', '.join(page.reasons)}"
    if page.kind and row.kind != page.kind:
        yield f"{page.address}: kind {row.kind!r}, should be {page.kind!r}"
    if page.kind is None and row.article_url is not None:
        yield f"{page.address}: became the article {row.article_url}, should be none"
    if row.story is not None:
        yield f"{page.address}: stands in story {row.story}, should be in none"


def _partition(
    pages: dict[str, Found],
    truth: Truth,
    noun: str,
    found_in: Callable[[Found], int | str | None],
    belongs_to: Callable[[TrueArticle], str],
) -> Iterator[str]:
    """Where the parts found and the true parts of the articles differ: parts in pieces, parts that hold strangers."""
    pieces: dict[str, dict[int | str | None, list[str]]] = defaultdict(lambda: defaultdict(list))
    parts: dict[int | str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for article in truth.articles.values():
        if row := pages.get(article.address):
            name, true_name = found_in(row), belongs_to(article)
            pieces[true_name][name].append(article.address)
            if name is not None:
                parts[name][true_name].append(article.address)
    for true_name, split in pieces.items():
        if None in split:
            yield f"in no {noun}: {', '.join(split[None])}"
        if len(split) > 1:
            yield f"the {noun} {true_name!r} is in {len(split)} pieces: {_listed(split.values())}"
    for name, mixed in parts.items():
        if len(mixed) > 1:
            yield f"{noun} {name} joins what is apart: {_listed(mixed.values())}"


def _firsts(pages: dict[str, Found], truth: Truth) -> Iterator[str]:
    for event in truth.events.values():
        members = [article.address for article in truth.articles.values() if article.event == event.name]
        said = [name for name in members if name in pages and pages[name].first]
        if said != [event.first]:
            yield f"{event.name}: first is said to be {', '.join(said) or 'nobody'}, should be {event.first}"


def _feeds(failed: set[str], broken: set[str]) -> Iterator[str]:
    for name in sorted(failed - broken):
        yield f"{name}: the feed failed, should have been read"
    for name in sorted(broken - failed):
        yield f"{name}: the feed passed for one, and is none"


def _listed(groups: Iterable[list[str]]) -> str:
    return " | ".join(", ".join(group) for group in groups)


def _plain(text: str) -> str:
    """Only letters and digits, in lower case, so that quotes, dashes and spacing do not matter."""
    return "".join(character for character in text.lower() if character.isalnum())

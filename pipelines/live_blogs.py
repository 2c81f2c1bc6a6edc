"""A live blog's posts and when each was published: by its JSON-LD first, then by the markup that the posts stand in."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import accumulate, islice
from typing import TYPE_CHECKING

from pipelines import dates, json_ld
from pipelines.doubts import tells_time
from pipelines.main_text import Paragraph, written_lines
from pipelines.reading import TEXT
from pipelines.segments import UNREAD, text_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from lxml.etree import _Element

    from pipelines.main_text import MainText
    from pipelines.metadata import Meta
    from pipelines.reading import Block
    from pipelines.segments import Lines

LIVE_TYPE = "LiveBlogPosting"
_ARTICLES = frozenset(json_ld.ARTICLE_TYPES)
# Where markup says when a post was made, first for when it was made; later changes come last.
STAMPS = (
    *("data-sort-time", "data-timestamp", "data-published", "data-published-at", "data-publish-time", "data-posted"),
    *("data-post-time", "data-created", "data-created-at", "data-datetime", "data-time", "data-date", "data-utc"),
    *("datetime", "data-update-time"),
)
MAX_POSTS = 1_000  # of a page's JSON-LD; what the page itself shows is read whole
MAX_STAMPS = 5_000  # more than any live blog shows at once
LEAST_KEY = 12  # letters by which a line is told to be a post's; a shorter one is only looked for as a whole line
MAX_WORK = 1_000_000_000  # characters of posts times lines to be looked for: a second; beyond, only whole lines count
SHARE = 0.3  # of the page's text must stand under the times, else they are those of teasers or comments
HEADINGS = frozenset({"h2", "h3", "h4", "h5"})


@dataclass(frozen=True, slots=True)
class Post:
    """One post as JSON-LD gives it: when, and its lines, the headline first."""

    said_at: datetime | None
    lines: tuple[str, ...]


def is_typed(meta: Meta) -> bool:
    """Tell whether the page calls itself a live blog."""
    return next(_typed(meta), None) is not None


def _typed(meta: Meta) -> Iterator[json_ld.Node]:
    """Yield the objects of live blogs that are the page's own: not the one of a box beside an article."""
    named = [(node, meta.names_page(node)) for node in meta.nodes if set(json_ld.types(node)) & _ARTICLES]
    is_other = any(names and LIVE_TYPE not in json_ld.types(node) for node, names in named)
    for node, names in named:
        if LIVE_TYPE in json_ld.types(node) and (names or (names is None and not is_other)):
            yield node


def posts(meta: Meta, now: datetime | None) -> tuple[Post, ...]:
    """Return the posts in the page's JSON-LD, in its order."""
    updates = (update for node in _typed(meta) for update in json_ld.many(node.get("liveBlogUpdate")))
    return tuple(_post(update, now) for update in islice(updates, MAX_POSTS) if isinstance(update, dict))


def with_missing(found: MainText, told: Sequence[Post]) -> MainText:
    """Return the text with those posts put in of which the reader found no line, each behind the post before it."""
    if not told:
        return found
    keys = [text_key(paragraph.text) for paragraph in found.paragraphs]
    places = {key: at for at, key in enumerate(keys)}
    joined = _searchable("\n".join(keys), sum(len(post.lines) for post in told))
    behind: dict[int, list[Paragraph]] = defaultdict(list)
    last = -1
    for post in told:
        known = [text_key(line) for line in post.lines if len(text_key(line)) >= LEAST_KEY]
        if any(key in places or key in joined for key in known):
            last = max((places[key] for key in known if key in places), default=last)
        elif known:
            behind[last] += [Paragraph(line, "p" if at else "head") for at, line in enumerate(post.lines)]
    if not behind:
        return found
    paragraphs = [*behind[-1]]
    for at, paragraph in enumerate(found.paragraphs):
        paragraphs += [paragraph, *behind[at]]
    return replace(found, paragraphs=tuple(paragraphs))


def timed(blocks: Sequence[Block], told: Sequence[Post], lines: Lines, now: datetime | None) -> tuple[Block, ...]:
    """Return the blocks with the time of the post that each stands in; those above the first post have none."""
    written = list(_by_json(blocks, told))
    marked = list(_by_markup(blocks, lines, now))
    return tuple(
        replace(block, said_at=one or other) if one or other else block
        for block, one, other in zip(blocks, written, marked, strict=True)
    )


def _post(update: Mapping[str, json_ld.Json], now: datetime | None) -> Post:
    raw = (json_ld.text(update.get(key)) for key in ("datePublished", "dateCreated", "uploadDate", "dateModified"))
    found = dates.best((("json_ld", value) for value in raw if value and tells_time(value)), now)
    headline = json_ld.text(update.get("headline")) or json_ld.text(update.get("name"))
    body = next((text for key in ("articleBody", "text") if isinstance(text := update.get(key), str) and text), "")
    told = [paragraph.text for paragraph in written_lines(body)]
    return Post(found[0] if found else None, tuple(line for line in (headline, *told) if line))


def _by_json(blocks: Sequence[Block], told: Sequence[Post]) -> Iterator[datetime | None]:
    """Yield the time of the post that says what a block says; what stands between two lines of a post is in it, too."""
    keys = ["".join(map(text_key, post.lines)) for post in told]
    joined, starts = _searchable("\n".join(keys), len(blocks)), [0, *accumulate(len(key) + 1 for key in keys)]
    whole = {text_key(line): at for at, post in reversed(list(enumerate(told))) for line in post.lines}
    owners: list[int | None] = []
    for block in blocks:
        key = text_key(block.text)
        owner = whole.get(key)
        if owner is None and len(key) >= LEAST_KEY and (at := joined.find(key)) >= 0:
            owner = bisect_right(starts, at) - 1
        owners.append(owner)
    before: int | None = None
    for owner, after in zip(owners, _followed(owners), strict=True):
        before = owner if owner is not None else before
        mine = owner if owner is not None else before if before == after else None
        yield told[mine].said_at if mine is not None else None


def _searchable(joined: str, times: int) -> str:
    return joined if len(joined) * times <= MAX_WORK else ""


def _followed(owners: Sequence[int | None]) -> list[int | None]:
    """Return for each place the next owner at or after it."""
    following: list[int | None] = []
    after: int | None = None
    for owner in reversed(owners):
        after = owner if owner is not None else after
        following.append(after)
    return following[::-1]


# --- Markup -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _List:
    """An element some of whose children hold a time: a list of posts, perhaps."""

    times: dict[_Element, datetime] = field(default_factory=dict)  # child -> the first time in it
    mass: int = 0  # characters of the page's text in this element


def _by_markup(blocks: Sequence[Block], lines: Lines, now: datetime | None) -> Iterator[datetime | None]:
    """Yield the time under which each block stands in the list of posts: the one with the most different times."""
    paths = list(_paths(blocks, lines))
    chosen = _list_of_posts(blocks, paths, now)
    if chosen is None:
        yield from (None for _ in blocks)
        return
    element, found = chosen
    children = {child: at for at, child in enumerate(element)}
    inside = [next((children[step] for step in path if step in children), None) for path in paths]
    starts = _starts(element, found, {at for at in inside if at is not None})
    order = sorted(starts)
    for at in inside:
        index = bisect_right(order, at) - 1 if at is not None else -1
        yield starts[order[index]] if index >= 0 else None


def _paths(blocks: Sequence[Block], lines: Lines) -> Iterator[list[_Element]]:
    lines.rewind()
    for block in blocks:
        segments = lines.find(block.text)
        element = segments[0].element if segments else None
        yield [element, *element.iterancestors()] if element is not None else []


def _list_of_posts(
    blocks: Sequence[Block], paths: Sequence[list[_Element]], now: datetime | None
) -> tuple[_Element, _List] | None:
    root = next((path[-1] for path in paths if path), None)
    if root is None:
        return None
    lists = _lists(root, now)
    total = 0
    for block, path in zip(blocks, paths, strict=True):
        length = len(block.text) if block.label == TEXT else 0
        total += length
        for element in path:
            if element in lists:
                lists[element].mass += length
    posts = [(len(set(found.times.values())), found.mass, element) for element, found in lists.items()]
    likely = [(count, mass, element) for count, mass, element in posts if count >= 2 and mass >= SHARE * total]
    best = max(likely, key=lambda one: one[:2], default=None)
    return (best[2], lists[best[2]]) if best else None


def _lists(root: _Element, now: datetime | None) -> dict[_Element, _List]:
    lists: dict[_Element, _List] = defaultdict(_List)
    stamps = 0
    for element in root.iter():
        if not isinstance(element.tag, str) or element.tag in UNREAD or (moment := _stamp(element, now)) is None:
            continue
        stamps += 1
        if stamps > MAX_STAMPS:
            break
        child = element
        for parent in element.iterancestors():
            lists[parent].times.setdefault(child, moment)
            child = parent
    return lists


def _stamp(element: _Element, now: datetime | None) -> datetime | None:
    """Return the time of day that an element names in its attributes; a day alone is no time of a post."""
    for name in STAMPS:
        if raw := element.get(name):
            parsed = dates.parse(raw)
            if parsed and tells_time(raw) and dates.believable(parsed[0], now):
                return parsed[0]
    return None


def _starts(element: _Element, found: _List, told: set[int]) -> dict[int, datetime]:
    """Return the children from which each time holds; one that stands alone under its post's heading begins there."""
    starts = {}
    for at, child in enumerate(element):
        if child in found.times:
            above = child.getprevious()
            is_headed = at not in told and above is not None and above.tag in HEADINGS and above not in found.times
            starts[at - is_headed] = found.times[child]
    return starts

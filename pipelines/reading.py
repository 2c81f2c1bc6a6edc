"""What reading a page gives: an article of labelled blocks, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from datetime import datetime

RULES_VERSION = 2  # of everything that decides what a page says; a reading cites it
TEXT = "text"  # the label of the story itself; every other label names a kind of furniture

Furniture: TypeAlias = Literal[
    "ad",
    "agency",
    "bio",
    "byline",
    "caption",
    "comment_prompt",
    "credit",
    "dateline",
    "embed",
    "legal",
    "newsletter",
    "paywall",
    "promo",
    "script",
    "share",
    "site",
    "title",
]
LABELS: frozenset[str] = frozenset({TEXT, *get_args(Furniture)})

Reason: TypeAlias = Literal[
    "empty",  # no bytes, or only white space
    "not_html",  # an image, a PDF, a feed, JSON: something that is no page
    "unparsable",  # the parser gave no tree
    "no_text",  # a page without an article's worth of text
    "not_found",  # a "page not found" served as if it were one
    "cookie_wall",  # a page that only asks for consent, or for JavaScript, or for proof of being human
    "index",  # a homepage, a section, a list of links
    "failed",  # reading it raised: a fault of ours, told in the detail
    "extraction_timeout",  # these four are the worker's end, not the page's claim: see foundation.pool.TaskFailed
    "extraction_memory",
    "extraction_crash",
    "extraction_error",
]
REASONS: frozenset[str] = frozenset(get_args(Reason))

Doubt: TypeAlias = Literal[
    "future",  # after the page was fetched
    "no_zone",  # ahead of our clock by no more than a zone that the page did not name
    "too_early",  # before there was a web
    "after_listed",  # later than a feed had listed the page: it was there before
    "before_listed",  # long before a feed that was watched all the while first listed the page
]
DOUBTS: frozenset[str] = frozenset(get_args(Doubt))

Wording: TypeAlias = Literal[
    "first_reported",  # "Politico first reported", "the news was first reported by Politico"
    "according_to",  # "according to Reuters"
    "told",  # somebody spoke to it: "told the BBC"
    "citing",  # "citing Le Monde", "quoted by Interfax"
    "reported",  # "Reuters reported", "as reported by Reuters"
]
WORDINGS: frozenset[str] = frozenset(get_args(Wording))

Kind: TypeAlias = Literal["article", "live_blog", "video", "audio", "gallery", "quiz", "paywall"]
KINDS: frozenset[str] = frozenset(get_args(Kind))


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph of a page, with its label and the rule that gave it.

    ``rule`` is empty for text. Blocks are never dropped: whoever distrusts a rule can read what it labelled.
    ``said_at`` is when a live blog's post was published, for each paragraph of the post.
    """

    text: str
    label: str = TEXT
    rule: str = ""
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StatedSource:
    """A medium that the story names as where a claim comes from: the phrase, and in it the name as it stands there."""

    position: int  # of the block
    start: int  # characters of the block's text; the phrase is ``text[start:end]``
    end: int
    name: str
    wording: Wording


@dataclass(frozen=True, slots=True)
class Article:
    """What a page says. Every string in it can be stored in SQLite and in PostgreSQL; every time has a zone."""

    kind: str
    title: str | None
    blocks: tuple[Block, ...]
    description: str | None = None
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    published_from: str | None = None
    published_raw: str | None = None
    published_doubt: Doubt | None = None  # why what it claims (``published_raw``) is not believed
    modified_at: datetime | None = None
    language: str | None = None
    canonical_url: str | None = None
    site_name: str | None = None
    section: str | None = None
    agency: str | None = None  # credited with the text or a part of it
    byline: str | None = None  # these three as the page prints them
    bio: str | None = None
    credits: tuple[str, ...] = ()
    stated_sources: tuple[StatedSource, ...] = ()  # as it was read: `stated` minds what was labelled since
    is_free: bool | None = None
    reader: str = ""
    charset: str | None = None  # the codec that the bytes were read with
    is_repaired: bool = False  # characters that somebody had decoded wrongly before us were put right

    @property
    def stated(self) -> tuple[StatedSource, ...]:
        """The stated sources in the story as its blocks are labelled now."""
        return tuple(source for source in self.stated_sources if self.blocks[source.position].label == TEXT)

    @property
    def text(self) -> str:
        """The story alone: the blocks that no rule has called furniture."""
        return "\n\n".join(block.text for block in self.blocks if block.label == TEXT)


@dataclass(frozen=True, slots=True)
class NoArticle:
    """Why a page gave no article: a word of ``REASONS``, and what was seen."""

    reason: str
    detail: str = ""


Reading: TypeAlias = Article | NoArticle

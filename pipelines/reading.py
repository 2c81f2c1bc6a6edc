"""What reading a page gives: an article of labelled blocks, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from datetime import datetime

RULES_VERSION = 1  # of everything that decides what a page says; a reading cites it
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

Kind: TypeAlias = Literal["article", "live_blog", "video", "audio", "gallery", "quiz", "paywall"]
KINDS: frozenset[str] = frozenset(get_args(Kind))


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph of a page, with its label and the rule that gave it.

    ``rule`` is empty for text. Blocks are never dropped: whoever distrusts a rule can read what it labelled.
    """

    text: str
    label: str = TEXT
    rule: str = ""


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
    modified_at: datetime | None = None
    language: str | None = None
    canonical_url: str | None = None
    site_name: str | None = None
    section: str | None = None
    agency: str | None = None
    is_free: bool | None = None
    reader: str = ""
    charset: str | None = None  # the codec that the bytes were read with
    is_repaired: bool = False  # characters that somebody had decoded wrongly before us were put right

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

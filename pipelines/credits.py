"""Who a page credits, in fields of their own: the agency, its byline, the bio of its author, its lines of credit.

All but the agency's name stand as the page prints them; the lines keep their places as labelled blocks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipelines import json_ld, metadata
from pipelines.agencies import ANY, agency_among, agency_of, at_end, credited, in_dateline, thanks
from pipelines.authors import names_nobody
from pipelines.reading import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipelines.metadata import Meta
    from pipelines.reading import Block

FIRST = 3  # paragraphs in which a dateline stands: a summary and a mislabelled line may stand above it
LAST = 2  # paragraphs of the story that may close with the agency's name
_OWNERS = ("sourceOrganization", "provider", "copyrightHolder", "creator", "publisher")
_SOURCES = ("dc.source", "dcterms.source", "source", "article:source", "copyright", "dcterms.rights")
_RIGHTS = re.compile(r"©|\(c\)|copyright", re.IGNORECASE)
_HEADS_CREDITS = re.compile(r"(?:[:：]|\bcredits?)\W*$", re.IGNORECASE)  # "Sources:", "Photo credits"
_PICTURE = r"photo(?:graph)?s?|foto|image|imagen|picture|bild|cr[eé]dits?|photo credit"
_IN_CAPTION = re.compile(
    rf"(?:\([^()]{{0,80}}(?:{ANY}|(?i:photo|foto|image|getty|credit|bild|via))[^()]{{0,80}}\)"
    rf"|(?:©|\b(?i:{_PICTURE})\s*(?:by|:|/|©))[^.!?]{{2,100}})\W*$"
)
_LONGEST_CAPTION = 400


def agency(meta: Meta, authors: Sequence[str], blocks: Sequence[Block]) -> str | None:
    """Return the agency that the page credits with its text or a part of it; the surest place decides.

    That is an author field, a dateline, a line of thanks or of rights, the end of the story, the owner in its metadata.
    """
    return next((agency for agency in _claims(meta, authors, blocks) if agency), None)


def _claims(meta: Meta, authors: Sequence[str], blocks: Sequence[Block]) -> Iterator[str | None]:
    yield from map(agency_among, (*authors, *metadata.creators(meta)))
    opening = (block.text for block in blocks if block.label in {TEXT, "credit", "agency", "dateline"})
    yield from (in_dateline(text) for text, _ in zip(opening, range(FIRST), strict=False))
    told = [at for at, block in enumerate(blocks) if block.label == TEXT]
    end = told[-1] if told else 0
    for at, block in enumerate(blocks):
        # A credit amid the story is a picture's.
        if block.label in {"agency", "legal", "byline"} or (block.label == "credit" and at > end):
            yield credited(block.text) or (_of_site(meta) if thanks(block.text) else None)
    for at in reversed(told[-LAST:]):
        yield at_end(blocks[at].text) or (credited(blocks[at].text) if len(blocks[at].text) < FIRST * 20 else None)
    node = meta.json or {}
    yield from (agency_of(name) for key in _OWNERS if (name := json_ld.text(node.get(key))))
    yield from (credited(value) for name in _SOURCES for value in meta.named.get(name, ()))


def _of_site(meta: Meta) -> str | None:
    """Return the agency whose own site the page says that it is on: the form of thanks alone is anybody's."""
    return agency_of(meta.first("og:site_name") or "")


def byline(blocks: Sequence[Block], authors: Sequence[str]) -> str | None:
    """Return the line that says who wrote it, as it stands: "By Ann Ferrier, Harbour Correspondent"."""
    lines = [block.text for block in blocks if block.label == "byline" and not names_nobody(block.text)]
    of_authors = (line for line in lines if any(author.casefold() in line.casefold() for author in authors))
    return next(of_authors, lines[0] if lines else None)


def bio(blocks: Sequence[Block]) -> str | None:
    """Return what the page says of its author, one paragraph a line."""
    return "\n".join(dict.fromkeys(block.text for block in blocks if block.label == "bio")) or None


def credit_lines(blocks: Sequence[Block]) -> tuple[str, ...]:
    """Return the lines that credit agencies, photographers and owners, and such credits at the end of captions."""
    return tuple(dict.fromkeys(_credit_lines(blocks)))


def _credit_lines(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        if block.label in {"agency", "credit"} or (block.label == "legal" and _RIGHTS.search(block.text)):
            if not _HEADS_CREDITS.search(block.text):
                yield block.text
        elif block.label == "caption" and (match := _IN_CAPTION.search(block.text[-_LONGEST_CAPTION:])):
            yield match[0].strip()

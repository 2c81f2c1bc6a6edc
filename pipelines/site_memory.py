"""What a site prints on page after page is furniture: learnt from its own pages, and undone as easily.

A block counts once for each *group of pages* it was seen on. Pages that share half of their blocks are one group, so
that an article under three addresses teaches nothing: counting pages instead deleted 257,079 correct tokens of a set in
which every article had three URLs; counting groups lost 3.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING

from pipelines.reading import TEXT, Block

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from pipelines.reading import Article

GROUPS = 3  # groups of pages that must show a block: with two, a wire text and its update would do
SHARED = 0.5  # share of the smaller page's blocks that makes two pages one group
SITES = 2  # a block that this many sites print is a text they share, not the furniture of one
DIGEST = 8  # bytes: a chance of 1 in 10**7 for any two of 10**6 blocks of a site to meet
_DIGITS = re.compile(r"\d+")
_NOT_ALNUM = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class SitePage:
    """What one page teaches: its blocks' digests; apart, those of its title and description, which it never loses."""

    page: str
    digests: frozenset[bytes]
    own: frozenset[bytes] = frozenset()


def digest(text: str) -> bytes:
    """Return a block's digest; all numbers are one number, so that "41 days and counting" is one block for ever."""
    normal = _DIGITS.sub("0", _NOT_ALNUM.sub(" ", text.casefold()).strip())
    return blake2b(normal.encode("utf-8", "replace"), digest_size=DIGEST).digest()


def page_of(name: str, article: Article) -> SitePage:
    """Return what an article teaches about its site."""
    own = frozenset(digest(text) for text in (article.title, article.description) if text)
    return SitePage(name, frozenset(digest(block.text) for block in article.blocks) - own, own)


def groups(pages: Sequence[SitePage]) -> list[int]:
    """Return each page's group, named by its first page's position: pages that share half of their blocks are one."""
    root = list(range(len(pages)))

    def find(at: int) -> int:
        while root[at] != at:
            root[at] = root[root[at]]
            at = root[at]
        return at

    holders: dict[bytes, list[int]] = defaultdict(list)
    for at, page in enumerate(pages):
        shared = Counter(other for block in page.digests for other in holders[block])
        for other, count in shared.items():
            smaller = min(len(page.digests), len(pages[other].digests))
            if count >= SHARED * smaller and find(at) != find(other):
                low, high = sorted((find(at), find(other)))
                root[high] = low
        for block in page.digests:
            holders[block].append(at)
    return [find(at) for at in range(len(pages))]


def counts(pages: Sequence[SitePage]) -> Counter[bytes]:
    """Return on how many groups of one site's pages each block was seen."""
    seen: set[tuple[bytes, int]] = set()
    for page, group in zip(pages, groups(pages), strict=True):
        seen.update((block, group) for block in page.digests)
    return Counter(block for block, _ in seen)


def furniture(sites: Mapping[str, Sequence[SitePage]]) -> dict[str, frozenset[bytes]]:
    """Return each site's learnt furniture: blocks on enough groups of its pages, and on no other site's."""
    printed: Counter[bytes] = Counter()
    for pages in sites.values():
        printed.update(set[bytes]().union(*(page.digests for page in pages)))
    return {
        site: frozenset(block for block, seen in counts(pages).items() if seen >= GROUPS and printed[block] < SITES)
        for site, pages in sites.items()
    }


def relabel(blocks: Iterable[Block], learnt: Collection[bytes], own: Collection[bytes] = ()) -> tuple[Block, ...]:
    """Return the blocks with those of the text that the site is known to print labelled; never the page's own."""
    return tuple(
        Block(block.text, "site", "site_memory")
        if block.label == TEXT and (mark := digest(block.text)) in learnt and mark not in own
        else block
        for block in blocks
    )


def mark_furniture(article: Article, learnt: Collection[bytes]) -> Article:
    """Return the article with what its site is known to print labelled and so out of its text."""
    own = page_of("", article).own
    return replace(article, blocks=relabel(article.blocks, learnt, own))

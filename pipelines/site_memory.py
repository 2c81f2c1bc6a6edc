"""What a site prints on page after page is furniture: learnt from its own pages, and undone as easily.

A block counts once for each *group of pages* it was seen on. Pages that share half of their blocks are one group, so
that an article under three addresses teaches nothing: counting pages instead deleted 257,079 correct tokens of a set in
which every article had three URLs; counting groups lost 3.

Everything here is pure: `storyfold extract` keeps a site's pages in memory, the crawl keeps them in the database.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from pipelines.reading import TEXT, Block
from pipelines.standing import is_closed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date

    from pipelines.reading import Article

RULE = "site_memory"
GROUPS = 3  # groups of pages that must show a block: with two, a wire text and its update would do
DAYS = 2  # days that must have seen it: what only one day prints is its news (a banner, a quote of the day)
SHARED = 0.5  # share of the smaller page's blocks that makes two pages one group
SITES = 2  # a block that this many sites print is a text they share, not the furniture of one
PAGES = 150  # known pages of a site that teach: what one more page costs grows with them (see docs/measurements.md)
PAGES_A_DAY = 30  # of these from one day: five days fit, however much a site prints
MOST_BLOCKS = 1_000  # of a page that teaches: fundus-evaluation has 119 at most; saving a hostile 20,000 took 3 CPU s
MOST_CUT = 0.5  # of a page's text: where more would go, the "furniture" is the article, and nothing is cut (see JUMP)
SLACK = 15  # pages more, before the oldest are forgotten all at once
RECENT = 20  # pages whose share of cut text is compared with that of the pages before them
JUMP = 0.15  # of the text: of the pages measured none loses more than .10 to memory, even without rules
DIGEST = 8  # bytes: a chance of 1 in 10**7 for any two of 10**6 blocks of a site to meet
_DIGITS = re.compile(r"\d+")
_NOT_ALNUM = re.compile(r"[\W_]+")


class SitePage(NamedTuple):
    """What one page teaches: the digests of its text, without its title and description, which it never loses."""

    id: int
    digests: frozenset[int]
    day: date | None = None  # pages read from files have none


class Seen(NamedTuple):
    """On how many groups of pages a block was seen, and on which days."""

    groups: int
    days: frozenset[date]


class Memory:
    """The pages that are known of one site, in groups. Whatever the order in which they are told, it is the same.

    ``wanted`` keeps the index of who shows which block to these blocks; `counts` and `add` then know no others.
    """

    def __init__(self, wanted: frozenset[int] | None = None) -> None:
        self.group_of: dict[int, int] = {}
        self._day_of: dict[int, date | None] = {}
        self._blocks: dict[int, int] = {}  # how many a page has
        self._holders: dict[int, list[int]] = defaultdict(list)
        self._wanted = wanted

    def know(self, page: SitePage, group: int) -> None:
        """Take a page in whose group is known."""
        self.group_of[page.id] = group
        self._day_of[page.id] = page.day
        self._blocks[page.id] = len(page.digests)
        for block in page.digests if self._wanted is None else page.digests & self._wanted:
            self._holders[block].append(page.id)

    def add(self, page: SitePage) -> frozenset[int]:
        """Take a new page in, with a group that its smallest id names; return the pages whose group got another name.

        A page that shares half of its blocks with pages of several groups makes them one.
        """
        shared = Counter(chain.from_iterable(self._holders.get(block, ()) for block in page.digests))
        joined = {
            self.group_of[other]
            for other, count in shared.items()
            if count >= SHARED * min(len(page.digests), self._blocks[other])
        }
        group = min({page.id, *joined})
        renamed = joined - {group}
        moved = frozenset(other for other, old in self.group_of.items() if old in renamed) if renamed else frozenset()
        self.group_of.update(dict.fromkeys(moved, group))
        self.know(page, group)
        return moved

    def counts(self, blocks: Iterable[int]) -> dict[int, Seen]:
        """Return where each block was seen."""
        return {block: self._seen(self._holders.get(block, ())) for block in blocks}

    def blocks(self) -> Collection[int]:
        """Return every block that a page shows."""
        return self._holders.keys()

    def _seen(self, pages: Collection[int]) -> Seen:
        days = set(map(self._day_of.__getitem__, pages))
        return Seen(len(set(map(self.group_of.__getitem__, pages))), frozenset(day for day in days if day is not None))


def is_learnt(groups: int, days: int, sites: int) -> bool:
    """Tell whether a block is its site's furniture: on enough groups of pages and days, and on no other site."""
    return groups >= GROUPS and days >= DAYS and sites < SITES


def digest(text: str) -> int:
    """Return a block's digest; all numbers are one number, so that "41 days and counting" is one block for ever.

    Not in a sentence: "At least 12 people were killed." says something else with another number.
    """
    normal = _NOT_ALNUM.sub(" ", text.casefold()).strip()
    if not is_closed(text.rstrip()):
        normal = _DIGITS.sub("0", normal)
    return int.from_bytes(blake2b(normal.encode("utf-8", "replace"), digest_size=DIGEST).digest(), sys.byteorder)


def stored(block: int) -> bytes:
    """Return a digest as the bytes that are stored: the same on every machine."""
    return block.to_bytes(DIGEST, sys.byteorder)


def packed(digests: Iterable[int]) -> bytes:
    """Return digests as the bytes that are stored, one after the other."""
    return b"".join(map(stored, sorted(digests)))


def unpacked(stored: bytes) -> frozenset[int]:
    """Return what `packed` stored."""
    return frozenset(memoryview(stored).cast("Q"))


def page_of(page: int, article: Article, day: date | None = None) -> SitePage:
    """Return what an article teaches about its site: its text before the memory cut any. Of too many blocks, nothing.

    What rules call furniture counts for nothing: the teasers beside an article's second address would hide the first.
    """
    if len(article.blocks) > MOST_BLOCKS:
        return SitePage(page, frozenset(), day)
    own = {digest(text) for text in (article.title, article.description) if text}
    told = frozenset(digest(block.text) for block in article.blocks if block.label == TEXT or block.rule == RULE)
    return SitePage(page, told - own, day)


def furniture(sites: Mapping[str, Sequence[SitePage]]) -> dict[str, frozenset[int]]:
    """Return the furniture of sites whose pages are all at hand, without days: files carry none."""
    printed: Counter[int] = Counter()
    memories: dict[str, Memory] = {}
    for name, pages in sites.items():
        memory = memories[name] = Memory()
        for page in pages:
            memory.add(page)
        printed.update(memory.blocks())
    return {
        name: frozenset(
            block
            for block, seen in memory.counts(memory.blocks()).items()
            if is_learnt(seen.groups, DAYS, printed[block])
        )
        for name, memory in memories.items()
    }


def relabel(blocks: Iterable[Block], learnt: Collection[int]) -> tuple[Block, ...]:
    """Return the blocks with exactly the text labelled that the site is known to print; none where it is most."""
    marked = tuple(_relabelled(block, learnt) for block in blocks)
    words, cut = cut_words(marked)
    return marked if cut <= MOST_CUT * words else tuple(_relabelled(block, ()) for block in marked)


def _relabelled(block: Block, learnt: Collection[int]) -> Block:
    if block.rule == RULE:
        return block if digest(block.text) in learnt else replace(block, label=TEXT, rule="")
    if block.label == TEXT and digest(block.text) in learnt:
        return replace(block, label="site", rule=RULE)
    return block


def mark_furniture(article: Article, learnt: Collection[int]) -> Article:
    """Return the article with what its site is known to print labelled and so out of its text; never its own title."""
    return replace(article, blocks=relabel(article.blocks, page_of(0, article).digests & frozenset(learnt)))


def cut_words(blocks: Iterable[Block]) -> tuple[int, int]:
    """Return how many words the blocks' text has with what the site's memory cut, and how many it cut."""
    kept = cut = 0
    for block in blocks:
        if block.rule == RULE:
            cut += len(block.text.split())
        elif block.label == TEXT:
            kept += len(block.text.split())
    return kept + cut, cut


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one more page changes in what is known of its site."""

    group: int
    moved: frozenset[int]  # known pages that are of this group from now on
    forgotten: frozenset[int]  # those that teach nothing from now on
    counts: dict[int, Seen]  # of every block whose counts may have changed


def lesson(known: Sequence[tuple[SitePage, int]], page: SitePage) -> Lesson | None:
    """Return what a page teaches, given the known ones with their groups, the oldest first; a page's id is its age.

    None: nothing, because its day has taught enough, or because it is older than all that a full memory knows.
    """
    if sum(other.day == page.day for other, _ in known) >= PAGES_A_DAY:
        return None
    if len(known) >= PAGES and page.id < known[0][0].id:
        return None
    many = len(known) + 1 - PAGES if len(known) >= PAGES + SLACK else 0
    forgotten, kept = known[:many], known[many:]
    changed = page.digests.union(*(other.digests for other, _ in forgotten))
    memory = _remembering(kept, changed)
    moved = memory.add(page)
    if moved:  # their blocks may have lost a group
        changed = changed.union(*(other.digests for other, _ in kept if other.id in moved))
        everyone = [*(other for other, _ in kept), page]
        memory = _remembering([(other, memory.group_of[other.id]) for other in everyone], changed)
    gone = frozenset(other.id for other, _ in forgotten)
    return Lesson(memory.group_of[page.id], moved, gone, memory.counts(changed))


def _remembering(known: Iterable[tuple[SitePage, int]], wanted: frozenset[int]) -> Memory:
    memory = Memory(wanted)
    for page, group in known:
        memory.know(page, group)
    return memory


def jump(pages: Sequence[tuple[int, int]]) -> tuple[float, float] | None:
    """Tell whether the share of text that is cut has jumped: return that of the newest pages, and of the others.

    ``pages`` are (words, words cut) as each page came, the oldest first. None: it has not, or there are too few to say.
    """
    newest, before = pages[-RECENT:], pages[:-RECENT]
    if len(before) < RECENT:
        return None
    now, then = _share(newest), _share(before)
    return (now, then) if now - then >= JUMP else None


def _share(pages: Sequence[tuple[int, int]]) -> float:
    return sum(cut for _, cut in pages) / max(1, sum(words for words, _ in pages))

"""What a site's own pages teach about its furniture, and what they must not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from pipelines.reading import TEXT, Article, Block
from pipelines.site_memory import (
    MOST_BLOCKS,
    PAGES,
    PAGES_A_DAY,
    RECENT,
    SLACK,
    Lesson,
    Memory,
    SitePage,
    cut_words,
    digest,
    furniture,
    is_learnt,
    jump,
    lesson,
    mark_furniture,
    packed,
    page_of,
    relabel,
    unpacked,
)

if TYPE_CHECKING:
    from random import Random

FOOT = "Get the tide tables by post"
MONDAY = date(2026, 6, 1)


def article(name: str, *lines: str, title: str = "") -> Article:
    own = [f"{name}: the {part} part of a story that nobody else tells" for part in ("first", "second", "third")]
    return Article("article", title or name, tuple(Block(line) for line in [*own, *lines]))


def learnt(*articles: tuple[str, Article]) -> dict[str, frozenset[int]]:
    sites: dict[str, list[SitePage]] = {}
    for at, (site, found) in enumerate(articles):
        sites.setdefault(site, []).append(page_of(at, found))
    return furniture(sites)


def test_a_line_on_three_pages_of_a_site_is_its_furniture() -> None:
    pages = [article(name, FOOT) for name in ("whale", "storm", "lamp")]
    known = learnt(*(("courier.example", page) for page in pages))["courier.example"]
    marked = mark_furniture(pages[0], known)
    assert [block.label for block in marked.blocks] == [TEXT, TEXT, TEXT, "site"]
    assert FOOT not in marked.text
    assert cut_words(marked.blocks) == (39, 6)


def test_a_line_on_two_pages_is_not() -> None:
    pages = [article(name, FOOT) for name in ("whale", "storm")]
    assert not learnt(*(("courier.example", page) for page in pages))["courier.example"]


def test_an_article_under_many_addresses_teaches_nothing() -> None:
    page = article("whale", FOOT)
    assert not learnt(*[("courier.example", page)] * 9)["courier.example"]


def test_numbers_count_as_one() -> None:
    assert digest("41 days and counting") == digest("4 Days and counting")
    assert digest("41 days and counting") != digest("41 nights and counting")


def test_in_a_sentence_another_number_is_another_sentence() -> None:
    assert digest("At least 12 people were killed.") != digest("At least 57 people were killed.")
    assert digest("At least 12 people were killed.") == digest("At least 12 people were killed!")


def test_a_page_of_too_many_blocks_teaches_nothing() -> None:
    blocks = tuple(Block(f"Line {chr(97 + at % 26) * (at // 26 + 1)}") for at in range(MOST_BLOCKS + 1))
    assert len(page_of(1, Article("article", "Lamp", blocks[:-1])).digests) == MOST_BLOCKS
    assert not page_of(1, Article("article", "Lamp", blocks)).digests


def test_what_rules_call_furniture_hides_no_article_under_three_addresses() -> None:
    pages = [
        Article(
            "article", "", (*article("whale").blocks, *(Block(f"{name} {at * 'x'}", "promo", "x") for at in range(9)))
        )
        for name in ("storm", "lamp", "gull")
    ]
    assert not learnt(*(("courier.example", page) for page in pages))["courier.example"]


def test_no_page_loses_more_than_half_of_its_text() -> None:
    blocks = [Block("one two three"), Block("four five"), Block("six")]
    assert [block.label for block in relabel(blocks, {digest("one two three")})] == ["site", TEXT, TEXT]
    more = relabel(relabel(blocks, {digest("one two three")}), {digest("one two three"), digest("six")})
    assert list(more) == blocks


def test_what_two_sites_print_is_nobodys_furniture() -> None:
    wire = "The agency said that the lamp had been lit again"
    pages = [("courier.example", article(name, wire)) for name in ("whale", "storm", "lamp")]
    known = learnt(*pages, ("voice.example", article("moon", wire)))
    assert digest(wire) not in known["courier.example"]


def test_a_line_that_only_one_day_has_seen_is_not_learnt() -> None:
    assert is_learnt(3, 2, 1)
    assert not is_learnt(9, 1, 1)
    assert not is_learnt(9, 9, 2)
    assert not is_learnt(2, 2, 1)


def test_a_pages_own_title_and_description_are_never_taken_from_it() -> None:
    column = "The view from the pier"
    pages = [
        article(name, column, title=column if name == "lamp" else "") for name in ("whale", "storm", "gull", "lamp")
    ]
    known = learnt(*(("courier.example", page) for page in pages))["courier.example"]
    assert digest(column) in known
    assert column in mark_furniture(pages[-1], known).text
    assert column not in mark_furniture(pages[0], known).text


def test_forgetting_brings_everything_back() -> None:
    page = article("whale", FOOT, "Follow us")
    page = Article("article", "", (*page.blocks, Block("Share", "share", "wording")))
    marked = mark_furniture(page, {digest(FOOT)})
    assert [block.label for block in marked.blocks[3:]] == ["site", TEXT, "share"]
    assert relabel(marked.blocks, ()) == page.blocks
    assert mark_furniture(page, ()) == page


def test_a_page_older_than_all_that_are_known_teaches_a_full_memory_nothing() -> None:
    known = [page_on(at, MONDAY + timedelta(days=at)) for at in range(1, PAGES + SLACK + 1)]
    assert lesson(known, SitePage(0, frozenset({1}), MONDAY)) is None
    taught = lesson(known, SitePage(1_000, frozenset({1}), MONDAY))
    assert taught is not None
    assert taught.forgotten == set(range(1, SLACK + 2))
    assert taught.counts[1_001].groups == 0  # what a forgotten page alone had shown
    fewer = lesson(known[1:], SitePage(1_000, frozenset({1}), MONDAY))
    assert fewer is not None
    assert not fewer.forgotten


def test_one_day_teaches_no_more_than_its_share() -> None:
    known = [page_on(at, MONDAY) for at in range(PAGES_A_DAY)]
    assert lesson(known, SitePage(PAGES, frozenset({1}), MONDAY)) is None
    assert lesson(known, SitePage(PAGES, frozenset({1}), MONDAY + timedelta(days=1))) is not None


def page_on(at: int, day: date) -> tuple[SitePage, int]:
    return SitePage(at, frozenset({1_000 + at}), day), at


def test_a_share_of_text_that_jumps_is_told_with_what_it_was_before() -> None:
    before, after = [(100, 2)] * 40, [(100, 60)] * RECENT
    assert jump(before) is None
    assert jump([*before, *after]) == (0.6, 0.02)
    assert jump([*before, *after[: RECENT // 10]]) is None  # two pages are no jump
    assert jump([*before[: RECENT - 1], *after]) is None  # too few to compare with
    assert jump([*after * 3]) is None  # it has always been so
    assert jump([(0, 0)] * 60) is None


BLOCKS = st.frozensets(st.integers(0, 7), max_size=6)
PAGES_SHOWN = st.lists(st.tuples(BLOCKS, st.integers(0, 3)), max_size=12)


def told(pages: list[SitePage]) -> Memory:
    memory = Memory()
    for page in pages:
        memory.add(page)
    return memory


def made(shown: list[tuple[frozenset[int], int]]) -> list[SitePage]:
    return [SitePage(at, blocks, MONDAY + timedelta(days=day)) for at, (blocks, day) in enumerate(shown)]


@given(PAGES_SHOWN, st.randoms(use_true_random=False))
def test_what_is_learnt_does_not_depend_on_the_order_of_pages(
    shown: list[tuple[frozenset[int], int]], pick: Random
) -> None:
    pages = made(shown)
    mixed = list(pages)
    pick.shuffle(mixed)
    assert told(mixed).counts(range(8)) == told(pages).counts(range(8))
    assert told(mixed).group_of == told(pages).group_of


@given(PAGES_SHOWN)
def test_pages_that_come_three_times_count_once(shown: list[tuple[frozenset[int], int]]) -> None:
    pages = [page for page in made(shown) if page.digests]
    again = [SitePage(100 * times + page.id, page.digests, page.day) for times in (1, 2) for page in pages]
    once, thrice = told(pages).counts(range(8)), told([*pages, *again]).counts(range(8))
    assert once == thrice


@given(PAGES_SHOWN)
def test_one_page_after_the_other_teaches_what_all_of_them_do(shown: list[tuple[frozenset[int], int]]) -> None:
    known: list[tuple[SitePage, int]] = []
    counts: dict[int, tuple[int, frozenset[date]]] = {}
    for page in made(shown):
        taught = lesson(known, page)
        assert isinstance(taught, Lesson)
        known = [(other, taught.group if other.id in taught.moved else group) for other, group in known]
        known.append((page, taught.group))
        counts |= taught.counts
    memory = told(made(shown))
    assert {page.id: group for page, group in known} == memory.group_of
    assert counts == memory.counts(counts)
    assert counts.keys() == set(memory.blocks())


@given(st.frozensets(st.integers(0, 2**64 - 1), max_size=9))
def test_what_is_packed_is_unpacked(digests: frozenset[int]) -> None:
    assert unpacked(packed(digests)) == digests
    assert len(packed(digests)) == 8 * len(digests)

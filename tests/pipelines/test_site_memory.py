"""What a site's own pages teach about its furniture, and what they must not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipelines.reading import TEXT, Article, Block
from pipelines.site_memory import SitePage, counts, digest, furniture, groups, mark_furniture, page_of

FOOT = "Get the tide tables by post"


def article(name: str, *lines: str, title: str = "") -> Article:
    own = [f"{name}: the {part} part of a story that nobody else tells" for part in ("first", "second", "third")]
    return Article("article", title or name, tuple(Block(line) for line in [*own, *lines]))


def learnt(*articles: tuple[str, Article]) -> dict[str, frozenset[bytes]]:
    sites: dict[str, list[SitePage]] = {}
    for at, (site, found) in enumerate(articles):
        sites.setdefault(site, []).append(page_of(str(at), found))
    return furniture(sites)


def test_a_line_on_three_pages_of_a_site_is_its_furniture() -> None:
    pages = [article(name, FOOT) for name in ("whale", "storm", "lamp")]
    known = learnt(*(("courier.example", page) for page in pages))["courier.example"]
    marked = mark_furniture(pages[0], known)
    assert [block.label for block in marked.blocks] == [TEXT, TEXT, TEXT, "site"]
    assert FOOT not in marked.text


def test_a_line_on_two_pages_is_not() -> None:
    pages = [article(name, FOOT) for name in ("whale", "storm")]
    assert not learnt(*(("courier.example", page) for page in pages))["courier.example"]


def test_an_article_under_many_addresses_teaches_nothing() -> None:
    page = article("whale", FOOT)
    assert not learnt(*[("courier.example", page)] * 9)["courier.example"]


def test_numbers_count_as_one() -> None:
    assert digest("41 days and counting") == digest("4 days and counting!")
    assert digest("41 days and counting") != digest("41 nights and counting")


def test_what_two_sites_print_is_nobodys_furniture() -> None:
    wire = "The agency said that the lamp had been lit again"
    pages = [("courier.example", article(name, wire)) for name in ("whale", "storm", "lamp")]
    known = learnt(*pages, ("voice.example", article("moon", wire)))
    assert digest(wire) not in known["courier.example"]


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
    page = article("whale", FOOT)
    assert mark_furniture(page, ()) == page


PAGES = st.lists(st.frozensets(st.sampled_from([bytes([n]) for n in range(8)]), max_size=6), max_size=12)


@given(PAGES)
def test_groups_do_not_depend_on_how_often_a_page_came(blocks: list[frozenset[bytes]]) -> None:
    pages = [SitePage(str(at), held) for at, held in enumerate(blocks)]
    assert counts([*pages, *pages]) == counts(pages) or any(not page.digests for page in pages)


@given(PAGES)
def test_a_page_is_in_one_group_that_its_first_page_names(blocks: list[frozenset[bytes]]) -> None:
    found = groups([SitePage(str(at), held) for at, held in enumerate(blocks)])
    assert len(found) == len(blocks)
    assert all(found[group] == group and group <= at for at, group in enumerate(found))

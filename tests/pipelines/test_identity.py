"""Which article a page is: its canonical address, believed only where it can be true, through reading and saving."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from foundation.urls import canonicalise, same_site
from pipelines.canonical import own_address, plain_forms
from pipelines.extract import read_page
from pipelines.reading import Article as Said
from pipelines.save import save
from storage import models
from storage.engine import Database
from tests.pipelines.test_save import fetch
from tests.pipelines.writing import STORY, page

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SITE = "https://www.example.org"
PAGE = f"{SITE}/world/2026/harbour-bridge"


def link(address: str) -> str:
    return f'<link rel="canonical" href="{address}">'


def said_of(url: str, head: str = "", lines: list[str] = STORY, **more: str) -> Said:
    found = read_page(page(lines, head=head, **more).encode(), url, now=NOON)
    assert isinstance(found, Said), found
    return found


def visit(database: Database, url: str, head: str = "", lines: list[str] = STORY, **more: str) -> int:
    """Read a page and save it; return its article's id."""
    with database.write() as session:
        saved = save(session, fetch(session, url), said_of(url, head, lines, **more), NOON)
    assert saved.article_id is not None
    return saved.article_id


def address(database: Database, article_id: int) -> str:
    with database.read() as session:
        return session.get_one(models.Article, article_id).url


def articles(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(models.Article)) or 0


VARIANTS = [
    f"{PAGE}/amp",
    f"{PAGE}/amp/",
    f"{PAGE}?amp=1",
    f"{PAGE}.amp.html",
    "https://amp.example.org/world/2026/harbour-bridge",
    "https://m.example.org/world/2026/harbour-bridge",
    "https://mobile.example.org/story.do?id=77",
    "https://www-example-org.cdn.ampproject.org/c/s/www.example.org/world/2026/harbour-bridge/amp",
    "https://www.google.com/amp/s/www.example.org/world/2026/harbour-bridge.amp",
    f"{PAGE}?print=1",
    f"{PAGE}?page=2",
    "http://www.example.org/world/2026/harbour-bridge",
]


def test_variants_that_name_the_page_are_its_article_whichever_comes_first(database: Database) -> None:
    first, *rest = VARIANTS
    ids = {visit(database, first, link(PAGE)), visit(database, PAGE, link(PAGE))}
    ids |= {visit(database, variant, link(PAGE)) for variant in rest}
    assert (len(ids), articles(database)) == (1, 1)
    assert address(database, ids.pop()) == PAGE


def test_an_amp_or_mobile_form_that_names_nothing_is_the_known_article_with_its_title(database: Database) -> None:
    known = visit(database, PAGE)
    forms = [variant for variant in VARIANTS if re.search(r"amp/?$|amp=1|//(?:amp|m)\.|/amp/s/", variant)]
    assert {visit(database, form) for form in forms} == {known}
    assert len(forms) == 7
    html = visit(database, f"{PAGE}.html")
    assert visit(database, f"{PAGE}.amp.html") == html


def test_an_amp_or_mobile_form_of_nothing_known_or_of_another_title_stands_for_itself(database: Database) -> None:
    alone = visit(database, f"{PAGE}/amp")
    assert address(database, alone) == f"{PAGE}/amp"
    known = visit(database, PAGE, title="Another headline")
    assert known != alone
    assert visit(database, "https://m.example.org/world/2026/harbour-bridge") not in {known, alone}


UNTRUE = {
    "a private address": link("http://10.0.0.1/world/2026/harbour-bridge"),
    "this machine": link("http://localhost/harbour-bridge-closed"),
    "this machine in numbers": link("http://[::1]/harbour-bridge-closed"),
    "another site": link("https://elsewhere.example/harbour-bridge-closed"),
    "the homepage": link(f"{SITE}/"),
    "a section": link(f"{SITE}/world/"),
    "a script": link("javascript:alert(1)"),
    "data": link("data:text/html,x"),
    "nothing": link("https://"),
    "no address": link("https://www.example.org:99999/x-y-z"),
    "two that differ": link(f"{SITE}/a-b-c") + link(f"{SITE}/d-e-f"),
    "og:url elsewhere": '<meta property="og:url" content="https://elsewhere.example/a-b-c">',
    "og:url of the homepage": f'<meta property="og:url" content="{SITE}">',
}


def test_a_canonical_that_cannot_be_true_leaves_the_page_where_it_is(database: Database) -> None:
    for number, (what, head) in enumerate(UNTRUE.items()):
        url = f"{PAGE}-{number}"
        assert address(database, visit(database, url, head)) == url, what


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param(link("/2026/bridge"), f"{SITE}/2026/bridge", id="relative"),
        pytest.param(link("//example.org/2026/bridge#top"), "https://example.org/2026/bridge", id="without a scheme"),
        pytest.param(link("http://www.example.org/2026/bridge"), f"{SITE}/2026/bridge", id="the template knows no TLS"),
        pytest.param(link(f"{SITE}/2026/bridge?utm_source=x&id=5"), f"{SITE}/2026/bridge?id=5", id="with a tracker"),
        pytest.param(link(f"{SITE}/b-c-d") * 2, f"{SITE}/b-c-d", id="said twice"),
        pytest.param(f"<meta property='og:url' content='{SITE}/b-c-d'>", f"{SITE}/b-c-d", id="og:url alone"),
        pytest.param(
            link("https://wire.example/b-c-d") + f"<meta property='og:url' content='{SITE}/b-c-d'>",
            f"{SITE}/b-c-d",
            id="canonical elsewhere, og:url here",
        ),
        pytest.param(f"<img src=x>{link(f'{SITE}/b-c-d')}", f"{SITE}/b-c-d", id="behind what ended the head"),
    ],
)
def test_a_canonical_that_can_be_true_is_the_articles_address(head: str, expected: str) -> None:
    assert said_of(PAGE, head).canonical_url == expected


def test_a_link_in_the_body_does_not_overrule_the_head() -> None:
    html = page(STORY, head=link(PAGE), after=link(f"{SITE}/planted-by-a-comment"))
    found = read_page(html.encode(), f"{PAGE}?x=1", now=NOON)
    assert isinstance(found, Said)
    assert found.canonical_url == PAGE


def test_addresses_whose_canonical_drops_their_id_are_articles_of_their_own(database: Database) -> None:
    head = f'<meta property="og:url" content="{SITE}/article.php">'
    ids = {visit(database, f"{SITE}/article.php?id={number}", head, [f"{number}. {STORY[0]}"]) for number in (5, 6)}
    assert {address(database, one) for one in ids} == {f"{SITE}/article.php?id={number}" for number in (5, 6)}


def test_the_second_page_of_a_text_is_no_new_state_of_it(database: Database) -> None:
    first = visit(database, PAGE, link(PAGE))
    for number in (2, 3, 4):
        assert (
            visit(database, f"{PAGE}?page={number}", link(PAGE), [f"Part {number}. {line}" for line in STORY]) == first
        )
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(models.Version)) == 1


def test_pages_that_call_each_other_canonical_are_one_article_however_often_they_are_read(database: Database) -> None:
    one, other = f"{SITE}/2026/one", f"{SITE}/2026/other"
    ids = [visit(database, url, link(canonical)) for url, canonical in [(one, other), (other, one)] * 2]
    assert len(set(ids)) == 1
    assert articles(database) == 1


def test_an_article_keeps_its_address_when_its_page_begins_to_name_another(database: Database) -> None:
    before = visit(database, PAGE)
    assert visit(database, PAGE, link(f"{SITE}/2026/renamed")) == before
    assert articles(database) == 1


hosts = st.sampled_from(["www.example.org", "m.example.org", "amp.example.co.uk:8080", "m.org", "[::1]", "a.m.b.org"])
parts = st.lists(st.sampled_from(["amp", "a", "b.amp", "c.amp.html", "é", "%2F", ""]), max_size=4).map("/".join)
queries = st.sampled_from(["", "?amp=1", "?amp", "?id=5&outputType=amp", "?m=1&x=", "?ampere=2"])


@given(st.builds("https://{}/{}{}".format, hosts, parts, queries))
def test_plain_forms_are_other_canonical_addresses_of_the_same_site(url: str) -> None:
    spelled = canonicalise(url)
    for form in plain_forms(spelled):
        assert form != spelled
        assert canonicalise(form) == form
        assert same_site(form, spelled) or "m.org" in url
    assert own_address(url) == spelled

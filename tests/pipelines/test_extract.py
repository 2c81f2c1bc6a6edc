"""Reading a page: what the story is, what is furniture, what the page says of itself; pages that hold no article."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text as sql

from pipelines.extract import read_page
from pipelines.labels import label
from pipelines.main_text import main_text
from pipelines.markup import parse
from pipelines.reading import KINDS, LABELS, REASONS, TEXT, Article, NoArticle, Reading
from pipelines.save import save
from pipelines.segments import Lines
from pipelines.standing import Page
from storage import models
from tests.pipelines.test_save import fetch
from tests.pipelines.writing import STORY, page

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from storage.engine import Database

CASES = sorted(path for path in (Path(__file__).parents[1] / "pages").iterdir() if path.is_dir())
URL = "https://www.example.org/world/harbour-bridge"
NOW = datetime(2026, 6, 3, 12, tzinfo=UTC)


def article(html: str | bytes, url: str = URL, content_type: str | None = None) -> Article:
    reading = read_page(html.encode() if isinstance(html, str) else html, url, content_type, now=NOW)
    assert isinstance(reading, Article), reading
    return reading


def refusal(html: str | bytes, url: str = URL, content_type: str | None = None) -> str:
    reading = read_page(html.encode() if isinstance(html, str) else html, url, content_type, now=NOW)
    assert isinstance(reading, NoArticle), reading.blocks
    return reading.reason


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden_page(case: Path) -> None:
    """Each folder of tests/pages: page.html, and what must come of it (text line by line, labels, fields)."""
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    found = article((case / "page.html").read_bytes(), expected.pop("url"))
    text, furniture = expected.pop("text"), expected.pop("furniture")
    assert found.text.split("\n\n") == text
    assert {block.text: block.label for block in found.blocks if block.label != TEXT} == furniture
    for name, value in expected.items():
        given_value = getattr(found, name)
        plain = given_value.isoformat() if isinstance(given_value, datetime) else given_value
        assert (list(plain) if isinstance(plain, tuple) else plain) == value, name


def test_there_are_golden_pages() -> None:
    assert len(CASES) >= 3


def test_a_plain_story_is_read_whole() -> None:
    assert article(page(STORY)).text == "\n\n".join(STORY)


@pytest.mark.parametrize("tag", ["time", "label", "q", "data"])
def test_a_sentence_with_words_in_elements_of_their_own_is_read_once_and_whole(tag: str) -> None:
    words = "four days after"
    marked = "".join(f"<p>{line.replace(words, f'<{tag}>{words}</{tag}>')}</p>" for line in STORY)
    assert article(page([], after=marked)).text == "\n\n".join(STORY)


def test_markup_after_the_end_of_the_page_is_read() -> None:
    html = page(["Loading."]).replace("</html>", "</html>" + "".join(f"<p>{line}</p>" for line in STORY))
    assert all(line in article(html).text for line in STORY)


def test_a_noscript_that_holds_an_unclosed_frame_does_not_swallow_the_page() -> None:
    trap = "<noscript><iframe src='x'><p>Enable it</noscript><script>var secret = function() { return 1 };</script>"
    text = article(page(STORY, before=trap)).text
    assert text == "\n\n".join(STORY)


def test_a_drawing_that_is_never_closed_does_not_swallow_the_page() -> None:
    for drawing in ("<svg><path d='M0 0'/></svg>", "<svg><path d='M0 0'>"):
        text = article(page(STORY, before=drawing)).text
        assert all(line in text for line in STORY)


def test_a_page_nested_past_the_parsers_depth_is_read_flat() -> None:
    html = "<html><body>" + "<div>" * 3000 + "".join(f"<p>{line}</p>" for line in STORY) + "</div>" * 3000
    found = article(html)
    assert all(line in found.text for line in STORY)


def test_a_story_beside_the_teaser_that_the_reader_took_for_it_is_read_from_its_paragraphs() -> None:
    story = [f"{line} It was day {number} of the closure." for number in range(3) for line in STORY]
    teaser = f"<article class='entry-content'><p>{STORY[1]} {STORY[1][:60]}</p></article>"
    lines = "".join(f"<p>{line}</p>" for line in story)
    found = article(f"<html><body>{teaser}<div class='x'>{lines}</div></body></html>")
    assert found.reader == "paragraphs"
    assert found.text == "\n\n".join(story)
    notice = article(f"<html><body>{teaser}<div class='cookie-notice'>{lines}</div></body></html>")
    assert notice.reader == "trafilatura_fast"


@pytest.mark.parametrize("trap", ["<script ", "<script>", "<head>", "</script>", "<svg><style>"])
def test_a_page_of_unclosed_scripts_is_read_in_linear_time(trap: str) -> None:
    start = time.process_time()
    read_page((trap * 100_000 + "<p>Nothing.</p>").encode(), URL, now=NOW)
    assert time.process_time() - start < 5


def test_an_article_that_only_json_ld_holds_is_read_from_there() -> None:
    about = {"@type": "NewsArticle", "headline": "The bridge", "articleBody": "\n".join(STORY)}
    found = article(page([], head=f"<script type='application/ld+json'>{json.dumps(about)}</script>"))
    assert found.reader == "json_ld"
    assert found.text == "\n\n".join(STORY)


@pytest.mark.parametrize(
    ("charset", "content_type", "meta"),
    [
        ("utf-8", None, ""),
        ("utf-8-sig", None, ""),
        ("utf-16", None, ""),
        ("cp1252", "text/html; charset=ISO-8859-1", ""),
        ("cp1252", None, "<meta charset='windows-1252'>"),
        ("cp1252", "text/html; charset=rot13", "<meta charset='iso-8859-1'>"),
        (
            "iso8859-2",
            "text/html; charset=unicode_escape",
            "<meta http-equiv='Content-Type' content='text/html; charset=iso-8859-2'>",
        ),
        ("shift_jis", None, "<meta charset=Shift_JIS>"),
    ],
)
def test_a_page_is_read_in_its_own_charset(charset: str, content_type: str | None, meta: str) -> None:
    word = {"shift_jis": "港の橋が閉鎖された", "iso8859-2": "Dvořák řekl žádné"}.get(charset, "Müller’s café – naïve")
    line = f"{word} and the harbour bridge stays closed until the inspectors have seen every one of its cables."
    assert (
        line in article(page([STORY[0], *STORY[2:], line], head=meta).encode(charset), content_type=content_type).text
    )


def test_what_no_database_stores_does_not_come_out() -> None:
    html = page(
        [line.replace(" ", " &#0;\x00", 1) for line in STORY],
        head='<meta property="og:title" content="A\x00 title \x01 here">',
    )
    found = article(html.encode("utf-8", "surrogatepass"))
    assert found.title == "A title here"
    _assert_storable(found)


@pytest.mark.parametrize(
    ("html", "content_type", "reason"),
    [
        pytest.param(b"", None, "empty", id="nothing"),
        pytest.param(b" \n ", None, "empty", id="white space"),
        pytest.param(b"%PDF-1.7 ...", None, "not_html", id="PDF"),
        pytest.param(b"<?xml version='1.0'?><rss></rss>", None, "not_html", id="feed"),
        pytest.param(b"<p>x</p>", "image/png", "not_html", id="image by its header"),
        pytest.param(page([], title="Page not found"), None, "not_found", id="soft 404"),
        pytest.param(
            page(["We use cookies. Accept all cookies?"], title="Before you continue"), None, "cookie_wall", id="wall"
        ),
        pytest.param(page(["Nothing."]), None, "no_text", id="too little"),
    ],
)
def test_pages_without_an_article_say_why(html: bytes | str, content_type: str | None, reason: str) -> None:
    assert refusal(html, content_type=content_type) == reason


def test_a_homepage_is_an_index() -> None:
    links = "".join(
        f"<li><a href='/{n}'>Report number {n} about the harbour and its bridge</a></li>" for n in range(60)
    )
    assert refusal(f"<html><body><ul>{links}</ul></body></html>", "https://www.example.org/") == "index"


@pytest.mark.parametrize(
    ("about", "lines", "kind"),
    [
        ({"@type": "NewsArticle"}, STORY, "article"),
        ({"@type": "LiveBlogPosting"}, STORY, "live_blog"),
        ({"@type": "VideoObject"}, STORY[:1], "video"),
        ({"@type": ["NewsArticle"], "isAccessibleForFree": "False"}, [*STORY[:1], "The council will ..."], "paywall"),
        ({"@type": "NewsArticle", "isAccessibleForFree": False}, STORY, "article"),
    ],
)
def test_the_kind_of_a_page(about: dict[str, object], lines: list[str], kind: str) -> None:
    script = f"<script type='application/ld+json'>{json.dumps({'headline': 'The bridge', **about})}</script>"
    assert article(page(lines, head=script)).kind == kind


@pytest.mark.parametrize("date", [NOW + timedelta(days=3), datetime(1899, 1, 1, tzinfo=UTC)])
def test_a_date_that_cannot_be_true_is_kept_raw_and_not_believed(date: datetime) -> None:
    found = article(page(STORY, head=f"<meta property='article:published_time' content='{date.isoformat()}'>"))
    assert found.published_at is None
    assert found.published_raw == date.isoformat()


@pytest.mark.parametrize(
    ("canonical", "expected"),
    [
        ("/world/harbour-bridge?id=5", "https://www.example.org/world/harbour-bridge?id=5"),
        ("https://example.org/world/other", "https://example.org/world/other"),
        ("https://elsewhere.net/world/harbour-bridge", None),
        ("https://www.example.org/", None),
        ("javascript:void(0)", None),
    ],
)
def test_a_canonical_counts_only_within_its_site_and_never_for_a_homepage(canonical: str, expected: str | None) -> None:
    assert article(page(STORY, head=f"<link rel='canonical' href='{canonical}'>")).canonical_url == expected


def test_the_language_is_the_texts_and_not_the_markups() -> None:
    german = [
        "Die Hafenbrücke bleibt geschlossen, bis alle Seile geprüft sind, sagte eine Sprecherin der Stadt am Dienstag."
    ] * 3
    assert article(page(german, language="en")).language == "de"


def test_an_agency_is_read_from_the_dateline() -> None:
    lines = [f"PORT ELLEN (Reuters) - {STORY[0]}", *STORY[1:]]
    assert article(page(lines)).agency == "Reuters"


MARKUP = st.sampled_from(
    [
        *(
            "<p>",
            "</p>",
            "<div class='ad share'>",
            "</div>",
            "<h1>",
            "</h1>",
            "<figure>",
            "<figcaption>",
            "<script>",
            "</script>",
        ),
        *(
            "<noscript>",
            "<table><tr><td>",
            "<ul><li>",
            "<br>",
            "<a href='//x'>",
            "</a>",
            "<!--",
            "-->",
            "<![CDATA[",
            "</html>",
        ),
        *(
            "<time datetime='2026'>",
            "&#xD800;",
            "<meta property='og:title' content='",
            "'>",
            "\x00",
            "\ud800",
            *STORY[:2],
        ),
        '<script type=\'application/ld+json\'>{"@type":"NewsArticle",',
    ]
)


@given(st.lists(MARKUP, max_size=30))
@settings(max_examples=150)
def test_reading_never_raises_is_deterministic_and_gives_what_can_be_stored(parts: list[str]) -> None:
    html = "".join(parts).encode("utf-8", "surrogatepass")
    first = read_page(html, URL, now=NOW)
    assert first == read_page(html, URL, now=NOW)
    _assert_storable(first)


@given(st.binary(max_size=400), st.text(max_size=40), st.one_of(st.none(), st.text(max_size=40)))
@settings(max_examples=100)
def test_any_bytes_any_address_and_any_header_give_a_reading(html: bytes, url: str, content_type: str | None) -> None:
    _assert_storable(read_page(html, url, content_type, now=NOW))


def _assert_storable(reading: Reading) -> None:
    if isinstance(reading, NoArticle):
        assert reading.reason in REASONS - {"failed"}, reading
        return
    assert reading.kind in KINDS
    assert {block.label for block in reading.blocks} <= LABELS
    assert all((block.label == TEXT) == (block.rule == "") for block in reading.blocks)
    strings = [block.text for block in reading.blocks]
    strings += [
        text
        for text in (reading.title, reading.description, reading.site_name, reading.section, *reading.authors)
        if text
    ]
    for text in strings:
        assert "\x00" not in text
        text.encode("utf-8")  # a lone surrogate raises
    for moment in (reading.published_at, reading.modified_at):
        assert moment is None or moment.tzinfo is not None


@given(st.lists(MARKUP, max_size=30))
@settings(max_examples=150)
def test_labels_never_change_what_the_blocks_say(parts: list[str]) -> None:
    """With every rule or with none, the blocks hold the same words in the same order."""
    tree = parse("".join(parts))
    if tree is None:
        return
    lines = Lines(tree)
    paragraphs = main_text(tree, "".join(parts), None, lines).paragraphs
    about = Page(title=STORY[0], titles=(STORY[0],), authors=("Iona McColl",), site_name="Example", host="example.org")
    assert [block.text for block in label(paragraphs, lines, about)] == [paragraph.text for paragraph in paragraphs]


BROKEN = [
    "<html><body>",
    "<div>" * 40,
    "</div>" * 40,
    "<span>",
    "</p></p>",
    "<p",
    "<b><i></b>",
    '"',
    "<a href=",
    "&amp",
    "&#55296;",
]


@given(
    pages=st.lists(st.lists(st.one_of(MARKUP, st.sampled_from(BROKEN), st.text(max_size=20)), max_size=25), max_size=4),
    kind=st.sampled_from(["", "LiveBlogPosting", "VideoObject", "Quiz", "NewsArticle"]),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_any_page_says_can_be_stored_in_both_databases(
    database: Database, pages: list[list[str]], kind: str
) -> None:
    typed = json.dumps({"@type": kind, "headline": "\ud800 \x00 The bridge", "author": "\x00", "articleBody": STORY[0]})
    head = f"<script type='application/ld+json'>{typed}</script>" if kind else ""
    with database.write() as session:
        for number, parts in enumerate(pages):
            html = (head + "".join([*parts, f"<p>{STORY[number % len(STORY)]}</p>"])).encode("utf-8", "surrogatepass")
            reading = read_page(html, URL, now=NOW)
            raw_id = fetch(session, f"{URL}/{number}")
            saved = save(session, raw_id, reading, NOW)
            assert (saved.article_id is None) == isinstance(reading, NoArticle)
            if isinstance(reading, Article):
                session.flush()
                assert stored_blocks(session, saved.article_id) == [
                    (block.text, block.label, block.said_at) for block in reading.blocks
                ]
        session.rollback()


def stored_blocks(session: Session, article_id: int | None) -> list[tuple[str, str, datetime | None]]:
    """What the view `article_blocks` says of an article."""
    rows = session.execute(
        sql("SELECT text, label, said_at FROM article_blocks WHERE article = :article ORDER BY position").columns(
            said_at=models.Block.said_at.type
        ),
        {"article": article_id},
    )
    return [(row.text, row.label, row.said_at) for row in rows]

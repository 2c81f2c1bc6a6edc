"""Live blogs: their posts are blocks with their times, in the order of the page."""

from __future__ import annotations

import json
from datetime import datetime
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.extract import read_page
from pipelines.reading import TEXT, Article
from tests.pipelines.test_extract import NOW, URL, article
from tests.pipelines.writing import STORY, page

POSTS = [
    (
        "12:40",
        "Cables pass the test",
        "The last of the forty cables has passed its inspection, the harbour office says. The bridge itself stays"
        " closed until the engineers have written down what they saw, which will take them at least until Thursday.",
    ),
    (
        "11:05",
        "Ferries run late",
        "Two ferries are late by an hour because of the fog that came up over the sound. Lorries wait on the quay as"
        " far back as the old customs house, and drivers are given tea by the volunteers of the lifeboat station.",
    ),
    (
        "09:30",
        "School opens later",
        "The school on the far side opens at ten today, and its bus goes by the old road. Parents were told by"
        " telephone, the head teacher says, because the letter that should have told them is on the wrong side.",
    ),
    (
        "08:15",
        "A second strand",
        "Engineers found a second snapped strand overnight and closed the footpath, too. It is thinner than the one"
        " that a driver reported on Friday, and nobody can say yet for how long it has been hanging there.",
    ),
]
LEAD = "The harbour bridge at Port Ellen is being inspected today; we report here what comes of it, hour by hour."
LIVE_URL = "https://www.example.org/news/live/harbour-bridge"


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-06-02T{clock}:00+00:00")


def script(posts: list[tuple[str, str, str]] = POSTS) -> str:
    updates = [
        {"@type": "BlogPosting", "headline": title, "articleBody": text, "datePublished": f"2026-06-02T{clock}:00Z"}
        for clock, title, text in posts
    ]
    about = {"@type": "LiveBlogPosting", "headline": "Bridge inspected", "liveBlogUpdate": updates}
    return f"<script type='application/ld+json'>{json.dumps(about)}</script>"


def nested(clock: str, title: str, text: str) -> str:
    stamp = f"<time datetime='2026-06-02T{clock}:00Z'>{clock}</time>"
    return f"<li class='post'><header>{stamp}<h3>{title}</h3></header><div><p>{text}</p></div></li>"


def stamped(clock: str, title: str, text: str) -> str:
    seconds = int(at(clock).timestamp())
    return f"<div class='live-post' data-timestamp='{seconds}000'><h3>{title}</h3><p>{text}</p></div>"


def flat(clock: str, title: str, text: str) -> str:
    return f"<h2>{title}</h2><time datetime='2026-06-02T{clock}:00+00:00'>{clock}</time><p>{text}</p>"


def times(found: Article) -> dict[str, datetime | None]:
    return {block.text: block.said_at for block in found.blocks if block.label == TEXT}


EXPECTED = {LEAD: None} | {line: at(clock) for clock, title, text in POSTS for line in (title, text)}


@pytest.mark.parametrize("markup", [nested, stamped, flat])
@pytest.mark.parametrize("is_typed", [True, False])
def test_posts_have_the_times_that_their_markup_gives(markup: object, *, is_typed: bool) -> None:
    assert callable(markup)
    head = script([]) if is_typed else ""
    html = page([LEAD], head=head, after=f"<div class='posts'>{''.join(markup(*post) for post in POSTS)}</div>")
    found = article(html, LIVE_URL)
    assert found.kind == "live_blog"
    assert {line: moment for line, moment in times(found).items() if line in EXPECTED} == EXPECTED


def test_posts_have_the_times_that_json_ld_gives() -> None:
    lines = [LEAD, *(line for _, title, text in POSTS for line in (title, text))]
    found = article(page(lines, head=script()))
    assert times(found) == EXPECTED
    assert [block.text for block in found.blocks] == lines


def test_posts_that_only_json_ld_holds_are_put_in_their_place() -> None:
    lines = [LEAD, *(line for _, title, text in (POSTS[0], POSTS[2]) for line in (title, text)), STORY[0]]
    found = article(page(lines, head=script()))
    order = [block.said_at for block in found.blocks if block.said_at]
    assert order == sorted(order, reverse=True)
    assert {line: moment for line, moment in times(found).items() if line != STORY[0]} == EXPECTED


def test_a_live_blog_of_one_post_is_one_by_its_type() -> None:
    found = article(page([LEAD, *POSTS[0][1:]], head=script(POSTS[:1])))
    assert found.kind == "live_blog"
    assert [block.said_at for block in found.blocks] == [None, at("12:40"), at("12:40")]


def test_a_report_with_a_list_of_dated_headlines_is_no_live_blog() -> None:
    teasers = "".join(
        f"<li><time datetime='2026-06-02T{clock}:00Z'>{clock}</time><a href='/{clock}'>{title}</a></li>"
        for clock, title, _ in POSTS
    )
    found = article(page(STORY, title="Live music returns to the bridge", after=f"<ul>{teasers}</ul>"), LIVE_URL)
    assert found.kind == "article"
    assert not any(block.said_at for block in found.blocks)


def test_a_page_with_times_that_does_not_call_itself_live_is_an_article() -> None:
    html = page([LEAD], title="The day at the bridge", after="".join(nested(*post) for post in POSTS))
    assert article(html).kind == "article"


def test_a_day_alone_and_a_time_to_come_are_no_times_of_posts() -> None:
    days = "".join(
        f"<h2>{title}</h2><time datetime='{day}'>{day}</time><p>{text}</p>"
        for day, (_, title, text) in zip(["2026-06-01", "2026-05-31", "2031-01-01T10:00:00Z"], POSTS, strict=False)
    )
    found = article(page([LEAD], head=script([]), after=days), LIVE_URL)
    assert not any(block.said_at for block in found.blocks)


@pytest.mark.parametrize("day", ["2026-06-02", "20260602"])
def test_a_post_with_a_day_only_has_no_instant(day: str) -> None:
    update = {"@type": "BlogPosting", "headline": POSTS[0][1], "articleBody": POSTS[0][2], "datePublished": day}
    about = json.dumps({"@type": "LiveBlogPosting", "headline": "Bridge", "liveBlogUpdate": [update]})
    found = article(page([LEAD, *POSTS[0][1:]], head=f"<script type='application/ld+json'>{about}</script>"))
    assert found.kind == "live_blog"
    assert not any(block.said_at for block in found.blocks)


@given(
    st.lists(
        st.tuples(st.sampled_from(["08:15", "x", "2026", ""]), st.text(max_size=30), st.text(max_size=60)), max_size=6
    )
)
@settings(max_examples=60)
def test_any_posts_give_a_reading_with_zoned_times(posts: list[tuple[str, str, str]]) -> None:
    body = "".join(nested(clock, escape(title), escape(text)) for clock, title, text in [*posts, *POSTS[:1]])
    html = page([LEAD], head=script(posts), after=body).encode("utf-8", "surrogatepass")
    reading = read_page(html, URL, now=NOW)
    assert reading == read_page(html, URL, now=NOW)
    assert isinstance(reading, Article), reading
    assert all(block.said_at is None or block.said_at.tzinfo is not None for block in reading.blocks)

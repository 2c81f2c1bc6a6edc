"""What kind of article a page is: its type first; weak signs only where the page bears them out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pipelines.extract import read_page
from pipelines.reading import Article
from tests.pipelines.test_extract import NOW, URL, article
from tests.pipelines.writing import STORY, page

if TYPE_CHECKING:
    from collections.abc import Mapping

CLIP = ["The first lorry to cross the harbour bridge since Friday, filmed from the customs house on Tuesday."]
PLAYER = "<iframe src='https://www.youtube.com/embed/x1'></iframe>"
PICTURES = "".join(f"<figure><img src='/{n}.jpg'><figcaption>Cable {n}</figcaption></figure>" for n in range(6))
ARTICLE = "<meta property='og:type' content='article'>"


def typed(*about: Mapping[str, object]) -> str:
    return "".join(f"<script type='application/ld+json'>{json.dumps(one)}</script>" for one in about)


def kind(html: str, url: str = URL) -> str:
    return article(html, url).kind


@pytest.mark.parametrize(
    ("about", "lines", "expected"),
    [
        ({"@type": "VideoObject"}, CLIP, "video"),
        ({"@type": "VideoObject"}, [], "video"),
        ({"@type": "WebPage", "mainEntity": {"@type": "VideoObject"}}, CLIP, "video"),
        ({"@type": "AudioObject"}, CLIP, "audio"),
        ({"@type": "PodcastEpisode"}, STORY, "audio"),
        ({"@type": "ImageGallery"}, STORY, "gallery"),
        ({"@type": ["WebPage", "MediaGallery"]}, CLIP, "gallery"),
        ({"@type": "Quiz"}, STORY, "quiz"),
        ({"@graph": [{"@type": "schema:LiveBlogPosting"}]}, CLIP, "live_blog"),
        ({"@type": "NewsArticle", "isAccessibleForFree": "http://schema.org/False"}, ["The council ..."], "paywall"),
        ({"@type": "NewsArticle", "isAccessibleForFree": False}, [], "paywall"),
        ({"@type": "NewsArticle", "isAccessibleForFree": False}, CLIP, "article"),
    ],
)
def test_the_type_in_json_ld_says_the_kind(about: dict[str, object], lines: list[str], expected: str) -> None:
    assert kind(page(lines, head=typed({"headline": "The bridge", **about}))) == expected


def test_a_part_that_is_not_free_makes_a_stub_of_a_text_that_stops_within_a_sentence() -> None:
    part = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".rest"}
    about = {"@type": "NewsArticle", "headline": "The bridge", "hasPart": part}
    assert kind(page([STORY[0], "The council will ..."], head=typed(about))) == "paywall"
    assert kind(page(STORY[:2], head=typed(about))) == "article"


def test_an_unmarked_stub_is_one_where_a_request_for_money_follows_a_torn_sentence() -> None:
    torn = [STORY[0], "The council will also have to say what", "Subscribe to continue reading"]
    assert kind(page(torn)) == "paywall"
    assert kind(page([*STORY, *STORY, "Subscribe to continue reading"])) == "article"


@pytest.mark.parametrize(
    "prompt",
    [
        "This article is for subscribers only.",
        "Subscribe to continue reading.",
        "Already a subscriber? Log in.",
        "Este contenido es exclusivo para suscriptores",
        "Questo articolo è riservato agli abbonati.",
        "Já é assinante? Faça login",
        "Pour lire la suite, abonnez-vous",
        "Dit artikel is alleen voor abonnees",
        "Artikeln är låst",
        "Dalsza część artykułu dostępna dla subskrybentów",
        "Материал доступен только подписчикам",
        "本文仅限会员阅读",
    ],
)
def test_a_request_for_money_at_the_end_of_a_short_text_makes_it_a_stub(prompt: str) -> None:
    about = {"@type": "NewsArticle", "headline": "The bridge"}
    assert kind(page([STORY[0], prompt], head=typed(about))) == "paywall"
    assert kind(page([STORY[0], prompt], head=typed({**about, "isAccessibleForFree": True}))) == "article"


LONG = [f"{line} It was day {number} of the closure." for number in range(5) for line in STORY]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ImageGallery", "gallery"), ("PodcastEpisode", "audio"), ("Quiz", "quiz"), ("LiveBlogPosting", "live_blog")],
)
def test_the_type_of_something_beside_a_long_text_is_not_the_pages(name: str, expected: str) -> None:
    dated = f"{ARTICLE}<meta property='article:published_time' content='2026-06-01T10:00:00Z'>"
    beside = {"@type": name, "headline": "Something else", "url": "https://www.example.org/other"}
    for own in ({"url": URL}, {"@id": f"{URL}#it"}, {"mainEntityOfPage": {"@id": f"{URL}/"}}):
        assert kind(page(LONG, head=dated + typed({**beside, "url": None, **own}))) == expected
    assert kind(page(LONG, head=dated + typed({**beside, "name": "Harbour bridge stays closed"}))) == expected
    assert kind(page(LONG, head=dated + typed(beside))) == "article"


def test_a_live_blog_beside_an_article_gives_it_neither_its_date_nor_its_posts() -> None:
    post = {"@type": "BlogPosting", "headline": "Ferries", "articleBody": STORY[2] * 2}
    live = {"@type": "LiveBlogPosting", "headline": "The storm", "datePublished": "2026-05-01T10:00:00Z"}
    own = {"@type": "NewsArticle", "headline": "Bridge", "url": URL, "datePublished": "2026-06-01T10:00:00Z"}
    found = article(page(LONG, head=typed({**live, "liveBlogUpdate": [post]}, own)))
    assert (found.kind, found.published_raw) == ("article", "2026-06-01T10:00:00Z")
    assert found.text == "\n\n".join(LONG)


@pytest.mark.parametrize("og_type", ["video.other", "video", "music.song"])
def test_opengraph_says_the_kind_of_what_claims_to_be_no_article(og_type: str) -> None:
    head = f"<meta property='og:type' content='{og_type}'>"
    assert kind(page(CLIP, head=head)) == ("audio" if og_type.startswith("music") else "video")
    assert kind(page([*STORY, *STORY], head=head)) == "article"


@pytest.mark.parametrize(
    ("url", "around", "expected"),
    [
        ("https://www.example.org/videos/2026/lorry", PLAYER, "video"),
        ("https://www.example.org/mediathek/lorry", "<video src='/x.mp4'></video>", "video"),
        ("https://www.example.org/podcasts/harbour/12", "<audio src='/x.mp3'></audio>", "audio"),
        ("https://www.example.org/bildergalerien/bridge", PICTURES, "gallery"),
        ("https://www.example.org/quiz/bridges", "", "quiz"),
    ],
)
def test_an_address_says_the_kind_where_the_page_bears_it_out(url: str, around: str, expected: str) -> None:
    told = CLIP * 3
    assert kind(page(told, head=ARTICLE, before=around), url) == expected
    assert kind(page([*STORY, *STORY], head=ARTICLE, before=around), url) == "article"
    assert kind(page(told, head=ARTICLE, before=around)) == "article"


def test_an_address_alone_says_nothing() -> None:
    assert kind(page(CLIP * 3, head=ARTICLE), "https://www.example.org/videos/2026/lorry") == "article"
    assert kind(page(CLIP * 3, head=ARTICLE), "https://www.example.org/galleries/bridge") == "article"


def test_an_article_that_embeds_a_video_or_pictures_stays_an_article() -> None:
    about = typed({"@type": "NewsArticle", "headline": "The bridge"}, {"@type": "VideoObject", "name": "The lorry"})
    assert kind(page(STORY, head=about, before=PLAYER + PICTURES)) == "article"
    assert kind(page(STORY[:2], head=about, before=PLAYER)) == "article"


def test_the_class_of_the_body_is_as_good_as_an_address() -> None:
    html = page(CLIP * 3, head=ARTICLE, before=PLAYER).replace("<body>", "<body class='single single-format-video'>")
    assert kind(html) == "video"
    assert kind(html.replace("single-format-video", "has-video")) == "article"


def test_every_kind_is_read_the_same_twice() -> None:
    html = page(CLIP, head=typed({"@type": "VideoObject"})).encode()
    assert read_page(html, URL, now=NOW) == read_page(html, URL, now=NOW)
    assert isinstance(read_page(html, URL, now=NOW), Article)

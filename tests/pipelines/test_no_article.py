"""Pages that answer 200 and hold no article: told in many languages, and never of an article about such pages."""

from __future__ import annotations

import json

import pytest

from pipelines.extract import read_page
from pipelines.reading import Article
from tests.pipelines.test_extract import NOW, URL, article, refusal
from tests.pipelines.writing import STORY, page

MISSING = {
    "ar": "عذراً، الصفحة المطلوبة غير موجودة",
    "cs": "Stránka nebyla nalezena",
    "da": "Siden findes ikke længere",
    "de": "Die Seite wurde nicht gefunden",
    "el": "Η σελίδα δεν βρέθηκε",
    "en": "Sorry, the page you’re looking for can’t be found",
    "es": "La página solicitada no existe",
    "fa": "صفحه مورد نظر یافت نشد",
    "fi": "Hakemaasi sivua ei löytynyt",
    "fr": "Cette page n’existe plus",
    "he": "הדף המבוקש לא נמצא",
    "hu": "A keresett oldal nem található",
    "id": "Halaman tidak ditemukan",
    "it": "Pagina non trovata",
    "ja": "お探しのページは見つかりませんでした",
    "ko": "요청하신 페이지를 찾을 수 없습니다",
    "nl": "Deze pagina bestaat niet meer",
    "no": "Fant ikke siden",
    "pl": "Strona nie została znaleziona",
    "pt": "Página não encontrada",
    "ro": "Pagina nu a fost găsită",
    "ru": "Запрашиваемая страница не найдена",
    "sv": "Sidan kunde inte hittas",
    "tr": "Aradığınız sayfa bulunamadı",
    "uk": "Сторінку не знайдено",
    "vi": "Không tìm thấy trang",
    "zh": "您访问的页面不存在",
}
WALLS = {
    "de": "Wir und unsere 214 Partner setzen Cookies, mit Ihrer Einwilligung, zu Werbezwecken ein.",
    "en": "We and our 842 partners store and read information on your device.",
    "en-bot": "Please verify that you are a human before we show you the page.",
    "en-script": "Please enable JavaScript in your browser to read on.",
    "es": "Nosotros y nuestros 120 socios utilizamos cookies para mostrarle anuncios.",
    "fr": "Nous et nos 90 partenaires utilisons des cookies. Continuer sans accepter",
    "it": "Noi e i nostri partner utilizziamo i cookie per mostrarti annunci.",
    "ja": "続けるにはJavaScriptを有効にしてください。",
    "nl": "Wij gebruiken cookies. Cookies accepteren?",
    "pl": "Używamy plików cookies. Akceptuję pliki cookies.",
    "pt": "Nós e nossos parceiros usamos cookies. Aceitar cookies?",
    "ru": "Чтобы продолжить, включите JavaScript и подтвердите, что вы не робот.",
    "zh": "请启用JavaScript以继续。",
}
ADVICE = [
    "Go back to our front page, or look at what others read today.",
    "Where is the harbour ferry when you need it?",
]


@pytest.mark.parametrize("phrase", MISSING.values(), ids=MISSING)
def test_a_missing_page_is_told_in_many_languages(phrase: str) -> None:
    assert refusal(page(ADVICE, title=f"{phrase} | The Example")) == "not_found"
    assert refusal(page(ADVICE, title="The Example", before=f"<h1>404</h1><h2>{phrase}</h2>")) == "not_found"
    assert refusal(page([f"{phrase}."], title="The Example")) == "not_found"


@pytest.mark.parametrize(
    "title", ["404", "Error 404", "404 Not Found", "Oops! Error 404 - Page not found", "Fehler 404"]
)
def test_a_bare_404_is_a_missing_page(title: str) -> None:
    assert refusal(page(ADVICE, title=title)) == "not_found"


def test_a_missing_page_that_shows_other_articles_is_missing() -> None:
    assert refusal(page(STORY[:3], title="Page not found - The Example")) == "not_found"


@pytest.mark.parametrize(
    "title", ["Page not found", "404", "Why every ‘Page not found’ is a small tragedy", "Flight 404 never landed"]
)
def test_an_article_about_missing_pages_stays_an_article(title: str) -> None:
    assert article(page([*STORY, *STORY], title=title)).kind == "article"
    dated = "<meta property='article:published_time' content='2026-06-01T10:00:00Z'>"
    assert article(page(STORY[:2], title=title, head=dated)).kind == "article"


def test_a_headline_that_only_speaks_of_a_missing_page_is_no_missing_page() -> None:
    assert (
        article(page(STORY[:2], title="Harbour page not found in the town’s chronicle, council says")).kind == "article"
    )


@pytest.mark.parametrize("line", WALLS.values(), ids=WALLS)
def test_a_wall_is_told_in_many_languages(line: str) -> None:
    assert refusal(page([line], title="The Example")) == "cookie_wall"


@pytest.mark.parametrize(
    "title",
    ["Just a moment...", "Before you continue to The Example", "The Example - Are you a robot?", "Access denied"],
)
def test_a_wall_is_told_by_its_heading_however_much_it_explains(title: str) -> None:
    assert refusal(page(STORY[:3], title=title)) == "cookie_wall"


def test_a_wall_is_told_though_one_of_its_sentences_is_not_known() -> None:
    unknown = "You may come back to this at any time by the link that stands at the foot of each of our pages."
    told = ["We value your privacy", WALLS["en"], unknown]
    assert refusal(page(told, title="The Example")) == "cookie_wall"
    assert refusal(page(told[1:], title="The Example", before=f"<h2>{told[0]}</h2>")) == "cookie_wall"
    assert refusal(page([*told, *STORY[:2]], title="The Example")) == "cookie_wall"


@pytest.mark.parametrize(
    ("title", "reason"),
    [
        ("500 Internal Server Error", "not_found"),
        ("Service temporarily unavailable", "not_found"),
        ("Something went wrong", "not_found"),
        ("Error 410", "not_found"),
        ("Wartungsarbeiten", "not_found"),
        ("Site en maintenance", "not_found"),
        ("Технические работы", "not_found"),
        ("メンテナンス中", "not_found"),
        ("451: Unavailable due to legal reasons", "not_found"),
        ("This content is not available in your region", "not_found"),
        ("Search results for harbour bridge", "not_found"),
        ("Keine Treffer", "not_found"),
        ("Log in to continue", "cookie_wall"),
        ("Iniciar sesión", "cookie_wall"),
        ("登录", "cookie_wall"),
    ],
)
def test_a_page_that_is_out_of_order_closed_or_empty_is_no_article(title: str, reason: str) -> None:
    teasers = "".join(f"<li><a href='/{at}'>The council will hear the ferrymen, part {at}</a></li>" for at in range(8))
    html = page(
        ["We are sorry. Please come back in a while, or write to our desk about it."],
        title=title,
        before=f"<h1>{title}</h1>",
    )
    assert refusal(html) == reason
    assert refusal(html.replace("</article>", f"<ul>{teasers}</ul></article>")) == reason


def test_headlines_with_their_teasers_are_an_index_and_a_story_with_links_in_its_headings_is_none() -> None:
    teasers = "".join(f"<h2><a href='/{at}'>Part {at}</a></h2><p>{STORY[at % 4]} ({at})</p>" for at in range(12))
    assert refusal(page([], before=teasers)) == "index"
    for link in ("#part", "https://elsewhere.example.com/"):
        assert article(page([], before=teasers.replace("href='/", f"href='{link}"))).kind == "article"


def test_a_page_that_begs_pardon_is_missing_whatever_it_teases() -> None:
    for title in ("Oops! We couldn’t find that page.", "Oops! We couldn't find that page."):
        assert refusal(page([*STORY, *STORY], title=title)) == "not_found"
        assert refusal(page([*STORY, *STORY], title="The Example", before=f"<h1>{title}</h1>")) == "not_found"


def test_an_article_behind_a_cookie_banner_and_one_about_cookies_stay_articles() -> None:
    banner = "<div>We and our 842 partners use cookies. Accept all cookies?</div>"
    about = (
        "Accept all cookies, says the banner on the harbour’s site; a court has now asked what accepting them means."
    )
    assert article(page(STORY[:1], before=banner)).kind == "article"
    assert article(page([about, *STORY], title="Cookies: what the court says")).kind == "article"


def test_a_homepage_is_an_index_though_its_template_calls_everything_an_article() -> None:
    html = page(STORY, head="<meta property='og:type' content='article'>")
    assert refusal(html, "https://www.example.org/") == "index"


def test_a_missing_page_is_missing_whatever_type_its_template_gives_it() -> None:
    typed = json.dumps({"@type": "NewsArticle", "headline": "Page not found"})
    html = page(ADVICE, title="Page not found", head=f"<script type='application/ld+json'>{typed}</script>")
    assert refusal(html) == "not_found"


@pytest.mark.parametrize("phrase", [*MISSING.values(), *WALLS.values()])
def test_a_story_is_a_story_whatever_one_of_its_lines_says(phrase: str) -> None:
    reading = read_page(page([*STORY, phrase]).encode(), URL, now=NOW)
    assert isinstance(reading, Article), reading

"""Which lines are furniture: a line of each kind among paragraphs of a story, and sentences that only look like one."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import wording
from pipelines.labels import label
from pipelines.main_text import Paragraph
from pipelines.markup import clean, parse
from pipelines.reading import TEXT
from pipelines.segments import Lines
from pipelines.standing import Page
from tests.pipelines.writing import STORY, page

ABOUT = Page(
    title="Harbour bridge stays closed",
    titles=("Harbour bridge stays closed",),
    authors=("Ann Ferrier",),
    host="www.example.org",
)


def paragraphs(lines: list[str]) -> str:
    return "".join(f"<p>{line}</p>" for line in lines)


def labels(html: str, texts: list[str], about: Page = ABOUT) -> dict[str, str]:
    tree = parse(html)
    assert tree is not None
    blocks = label([Paragraph(text) for text in texts], Lines(tree), about)
    assert [block.text for block in blocks] == texts
    return {block.text: block.label for block in blocks}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("- Advertisement -", "ad"),
        ("ADVERTISEMENT", "ad"),
        ("Anzeige", "ad"),
        ("広告", "ad"),
        ("Story continues below this advertisement", "ad"),
        ("41 days and counting", "ad"),
        ("Share this article", "share"),
        ("Facebook Twitter WhatsApp", "share"),
        ("Follow us on Google News", "share"),
        ("Подписывайтесь на наш канал", "share"),
        ("Sign up for our daily newsletter", "newsletter"),
        ("Inscrivez-vous à notre lettre", "newsletter"),
        ("Get the day's top headlines delivered to your inbox every morning.", "newsletter"),
        ("Leave a comment", "comment_prompt"),
        ("12 Kommentare", "comment_prompt"),
        ("Read more: A bridge with a history", "promo"),
        ("Lesen Sie auch: Die Brücke", "promo"),
        ("Related:", "promo"),
        ("© 2026 The Sound Courier. All rights reserved.", "legal"),
        ("We may earn a commission if you buy through our links.", "legal"),
        ("Photo: Tam Loudon", "credit"),
        ("“The bridge” by Tam Loudon is licensed under CC BY-SA 2.0", "credit"),
        ("6 Min Read", "dateline"),
        ("Ann Ferrier", "byline"),
        ("By Ann Ferrier and Tam Loudon", "byline"),
        ("Reporting by Ann Ferrier; editing by Tam Loudon", "agency"),
        ("Ann Ferrier is a reporter for the Courier and writes about ships.", "bio"),
        ("You can follow her on Twitter at @annferrier.", "bio"),
        ("Already a subscriber? Log in", "paywall"),
        ("Instagram content", "embed"),
        ("Tam Loudon/Getty Images", "credit"),
        ("The bridge on Monday. (Tam Loudon/AFP via Getty Images)", "credit"),
        ("The mayor, who said no, on Monday. (AP Photo/Tam Loudon)", "credit"),
        ("Lorries queue in Port Ellen - Reuters", "credit"),
        ("اشترك الآن في النشرة البريدية", "newsletter"),
        ("Đăng ký nhận bản tin", "newsletter"),
        ("구독하기", "newsletter"),
        ("Theo dõi chúng tôi trên Facebook", "share"),
        ("Siga o Correio no Instagram", "share"),
        ("Suivez-nous sur Facebook", "share"),
        ("La reproduction totale ou partielle est interdite.", "legal"),
        ("The views expressed in this article are the author's own.", "legal"),
        ("Reproduction of this article without permission is forbidden.", "legal"),
        ("The Courier's Tam Loudon contributed to this report.", "agency"),
        ("Watch the full report now", "promo"),
        ("Read the inspectors' report here.", "promo"),
        ("She can be reached at ann@example.org.", "bio"),
        ("This content can also be viewed on the site it originates from.", "embed"),
        ("An dieser Stelle finden Sie einen externen Inhalt, der den Artikel ergänzt.", "embed"),
        ("Click to subscribe to the Harbour Daily wherever you get your podcasts", "share"),
        ("[Want great stories delivered right to your inbox? Create an account.]", "newsletter"),
        ("For the latest news from the coast, sign up for our newsletters.", "newsletter"),
        ("The Tide is a weekly letter for sailors. Get it delivered every Friday.", "newsletter"),
        ("Comments on this piece are moderated before they appear.", "comment_prompt"),
        ("Join our Harbour Forums to keep talking ships!", "comment_prompt"),
        ("Got a story? Get in touch with our news team.", "bio"),
        ("This copy is for your personal, non-commercial use only.", "legal"),
        ("Updated to add a comment from the council.", "legal"),
        ("The Courier may receive a commission", "legal"),
        ("For more coverage of the coast, visit example.org/coast", "promo"),
        ("Mehr zur Lage am Hafen lesen Sie in unserem Liveblog:", "promo"),
        ("Click here to read the inspectors' report.", "promo"),
        ("READ MORE ON THE BRIDGE", "promo"),
        ("https://www.example.org/world/harbour-bridge", "share"),
        ("Publié le 28 novembre 2026 à 10h00", "dateline"),
        ("28 listopada 2026", "dateline"),
        ("28 نوفمبر 2026", "dateline"),
        ("写真：ロイター", "credit"),
        ("图片来源：新华社", "credit"),
        ("사진=연합뉴스", "credit"),
        ("Fot. Tam Loudon / PAP", "credit"),
        ("责任编辑：王小明", "byline"),
        ("홍길동 기자 hong@example.org", "byline"),
        ("كتب: أحمد الخطيب", "byline"),
        ("Автор: Анна Петрова", "byline"),
        ("Riproduzione riservata © Copyright ANSA", "legal"),
        ("جميع الحقوق محفوظة", "legal"),
        ("Con información de EFE", "agency"),
        ("Continua após a publicidade", "ad"),
        ("Dalszy ciąg materiału pod wideo", "ad"),
        ("Diesen Artikel teilen", "share"),
        ("Réagir à cet article", "comment_prompt"),
        ("Нашли ошибку? Выделите текст и нажмите Ctrl+Enter", "comment_prompt"),
        ("Únete a nuestro canal de WhatsApp", "newsletter"),
        ("扫码关注我们的公众号", "newsletter"),
        ("Alle Nachrichten am Abend: Abonniere den WhatsApp-Kanal des Kuriers.", "newsletter"),
        ("La rédaction vous conseille", "promo"),
        ("続きを読む", "promo"),
        ("点击查看更多", "promo"),
        ("Updated at 1:23 p.m.", "dateline"),
        ("Uppdaterad 15.59 | Publicerad 14.14", "dateline"),
        ("Ann Ferrier is the Courier's bridge watcher and sails on Sundays.", "bio"),
        ("Ann Ferrier writes about ports. If you have a story, email her at ann@example.org.", "bio"),
        ("___", "script"),
        ("window.dataLayer = window.dataLayer || [];", "script"),
    ],
)
def test_a_line_of_furniture_after_the_story(line: str, expected: str) -> None:
    texts = [*STORY, line]
    assert labels(page(texts), texts)[line] == expected


@pytest.mark.parametrize(
    "line",
    [
        "The Herald first reported the closure.",
        "Share prices fell by a fifth after the closure was announced.",
        "Follow the money, the harbour master told the council, and it complied.",
        "Advertisement revenue has paid for the bridge since 1990, the council said.",
        "More than forty cables hold the bridge.",
        "Related companies must not bid, the council ruled.",
        "Comment was not available from the firm.",
        "Ann Ferrier won.",
        "The photo shows one strand hanging loose.",
        "He is a reporter, she said.",
        "Subscribe to that view or not, the bridge is shut.",
        "By Friday the ferries had carried nine hundred lorries.",
        "Copyright law does not cover bridges, a judge said in 2019.",
        "The AP and Reuters were told on Friday.",
        "10 p.m.",
        "What the maker says",
        "PORT ELLEN (AP) — To the harbour master, bridges are not a goal.",
        "Sign up for a bridge pass by e-mail and pay $11.99 a month, the council said.",
        "For more information on the cables, see the maker's handbook.",
        "Tax credits",
        "www.example.org",
        "Updated plans show a second bridge.",
        "8a etapa: 9 de setembro – Ferry",
        "Verletzt wurde niemand, sagte ein Sprecher der Polizei der Deutschen Presse-Agentur (dpa).",
        "Das bestätigte die Polizei der Deutschen Presse-Agentur (dpa).",
        "The closure will last a year, two officials told Agence France-Presse (AFP).",
        "The deal will close in May - Bloomberg reported on Tuesday.",
        "In 2019 the firm was sued by Getty Images for using its pictures.",
        "The pictures were bought from Shutterstock last year.",
        "NEW DELHI, May 5 (Reuters) The bridge stays closed until June.",
        "اشترك في الهجوم ثلاثة مسلحين",
        "Đăng ký kết hôn tăng mạnh trong năm nay",
        "Theo dõi phiên tòa có hàng trăm người dân",
        "Siga a lei, disse o juiz ao prefeito.",
        "Suivez le match, avait dit le maire, et ils ont suivi.",
        "구독자 수가 크게 늘었다고 회사가 밝혔다.",
        "订阅用户数下降了一半。",
        "Abbonati in calo per il terzo anno, dice il giornale.",
        "La reproduction des saumons a commencé plus tôt cette année.",
        "Reproduction of salmon begins in October.",
        "The views expressed by the judges differed.",
        "著作权法修订案通过。",
        "Sie haben bereits einen Plan für die Brücke.",
        "The council's engineers were assisted by divers.",
        "The town's taxpayers contributed a third of the cost.",
        "Read the council's report now.",
        "She can be reached by boat only.",
        "Divers can be found on the beach at dawn.",
    ],
)
def test_a_sentence_of_the_story_stays(line: str) -> None:
    texts = [*STORY[:2], line, *STORY[2:]]
    assert set(labels(page(texts), texts).values()) == {TEXT}


@pytest.mark.parametrize(
    "line",
    [
        "Already a member of the European Union, Croatia joined the euro on Sunday.",
        "To continue reading the letter was more than she could bear.",
        "Jetzt testen Forscher in Jena ein Verfahren, das ohne Strom auskommt.",
        "Dieser Artikel ist nur anwendbar, wenn der Bundestag zustimmt.",
        "Déjà abonnée aux podiums, la Norvégienne a gagné dimanche.",
        "Conteúdo exclusivo da plataforma atraiu 3 milhões de assinantes.",
        "For more than two hours firefighters had to check every flat.",
        "For the latest round of talks the envoys will go to Geneva on Friday.",
        "Mehr dazu wollte die Polizei nicht sagen.",
        "Alle vier Jahre sehen sie sich wieder.",
        "Pour en savoir plus, les enquêteurs ont interrogé trois témoins.",
        "Per approfondire il tema, la commissione ha ascoltato otto esperti.",
        "詳細は今後の会議へ持ち越された。",
        "Bilder von der Unglücksstelle zeigen zerstörte Häuser und Autos.",
        "Imágenes de televisión mostraron a los manifestantes en la plaza.",
        "Video by a bystander shows the officer firing three times.",
        "Der Stürmer wechselt nach Turin, sagte Trainer Hans Meier (Bild).",
        "Reporting restrictions imposed by the judge prevent the naming of the defendants.",
        "Writing from his cell in the Arctic, he said that he was well.",
        "Edited footage from a police helicopter showed the car on the wrong side of the road.",
        "Mit Material aus dem 3D-Drucker bauen Forscher ein Haus.",
        "The newsletter was sent to 3,000 customers by mistake, the bank said.",
        "Substack, the newsletter platform, said that 4 million people subscribe to a writer.",
        "Recibe un correo electrónico cada mañana de su hijo, que sigue preso.",
        "By clicking a button, users agreed to hand over their data.",
        "Подпишитесь под этим, требовал следователь.",
        "Lenders paid commission to dealers without telling their customers, the court found.",
        "Agents may earn a commission of up to six percent, the regulator said.",
        "The judge ruled that the names of the children cannot be published.",
        "Copyright infringement cases filed in 2019 fell by half.",
        "This story cannot be told without the women who kept the ferries running.",
        "Materials provided by the ministry show that forty people died.",
        "An error occurred in the signal box at 07:12, investigators said.",
        "All products recommended by the agency were recalled on Monday.",
        "External content moderators in Kenya sued the company on Monday.",
        "What do you think this health care bill will accomplish?",
        "“What do you think, Iona? Maybe not?” the minister asked, perched on the edge of his chair.",
        "Die Kommentare sind vernichtend, die Aktie fiel um vier Prozent.",
        "コメントは得られていない。",
        "تعليقات الوزير أثارت الغضب.",
        "[T]he rewards of the concessions are widely evident.",
        "[Applause] Thank you very much.",
        "DIVISIONS",
        "Most watched the rescue from the shore.",
        "Mehr von ihnen kamen nicht zurück.",
        "Also: the mayor resigned on Friday.",
        "Partager le pouvoir",
        "Dela på kostnaden.",
        "مشاركة المغرب في المؤتمر.",
        "Join the debate or stay at home, said the chancellor.",
        "Siga o dinheiro no Facebook, disse a promotora.",
        "I am Ukrainian and I will stay.",
        "Loading docks",
    ],
)
@pytest.mark.parametrize("place", [1, len(STORY)])
def test_a_sentence_that_begins_like_furniture_stays(line: str, place: int) -> None:
    texts = [*STORY[:place], line, *STORY[place:]]
    assert labels(page(texts), texts)[line] == TEXT


def test_the_last_sentence_about_somebody_is_no_bio_of_an_unnamed_author() -> None:
    nobody = replace(ABOUT, authors=())
    last = "McColl is currently visiting the harbour, where she will host the director of the ferries."
    assert labels(page([*STORY, last]), [*STORY, last], nobody)[last] == TEXT
    bio = "Ann Ferrier is a reporter at the Courier. She lives in Port Ellen."
    assert labels(page([*STORY, bio]), [*STORY, bio], nobody)[bio] == "bio"


@pytest.mark.parametrize(
    ("markup", "line", "expected"),
    [
        ("<figure><figcaption>{}</figcaption></figure>", "The bridge on Monday", "caption"),
        ("<div class='image-caption'>{}</div>", "The bridge on Monday", "caption"),
        ("<span class='photo-credit'>{}</span>", "T. Loudon", "credit"),
        ("<div class='author-bio'>{}</div>", "She has sailed every sea that has a name.", "bio"),
        ("<div class='newsletter-box'><p>{}</p></div>", "The sea, every morning", "newsletter"),
        ("<aside class='related-stories'><p><a href='/x'>{}</a></p></aside>", "Ferries run free", "promo"),
        ("<div id='disqus_thread'>{}</div>", "Ahoy", "comment_prompt"),
        ("<p><a href='/other'>{}</a></p>", "How the cables were made in a shed", "promo"),
        ("<h3>Most read</h3><ul><li><a href='/a'>{}</a></li></ul>", "A whale in the dock", "promo"),
    ],
)
def test_markup_names_furniture(markup: str, line: str, expected: str) -> None:
    html = page(STORY, after=markup.format(line))
    texts = [*STORY, *(["Most read"] if "Most read" in markup else []), line]
    assert labels(html, texts)[line] == expected


def test_a_container_of_most_of_the_story_is_the_story_whatever_its_class_says() -> None:
    html = page([]).replace(
        "<article></article>",
        "<div class='ad promo related share comments'>" + "".join(f"<p>{t}</p>" for t in STORY) + "</div>",
    )
    assert set(labels(html, STORY).values()) == {TEXT}


@pytest.mark.parametrize("name", ["comment", "opinion-comment", "teaser", "related", "newsletter", "bio", "ad-slot"])
def test_a_story_broken_up_into_boxes_of_one_name_is_the_story(name: str) -> None:
    each = "".join(f"<p class='{name}'>{line}</p>" for line in STORY)
    halves = "".join(
        f"<div class='{name}'>{page_part}</div><hr>" for page_part in map(paragraphs, (STORY[:2], STORY[2:]))
    )
    for body in (each, halves):
        assert set(labels(page([], before=body), STORY).values()) == {TEXT}


def test_comments_under_a_short_story_are_comments_however_long() -> None:
    comments = [f"{line} So says reader {number}." for number, line in enumerate(STORY)]
    below = "".join(f"<div class='comment'><p>{line}</p></div>" for line in comments)
    found = labels(page(STORY[:1], after=below), [*STORY[:1], *comments])
    assert [label for line, label in found.items() if line in comments] == ["comment_prompt"] * len(comments)


def test_a_line_on_what_the_author_covers_is_a_bio_wherever_it_stands() -> None:
    line = "Ann Ferrier writes about ports and bridges from Port Ellen."
    assert labels(page([STORY[0], line, *STORY[1:]]), [STORY[0], line, *STORY[1:]])[line] == "bio"


def test_what_stands_below_a_last_line_does_not_hide_it() -> None:
    below = ["Leave a comment", "Share this article", "© 2026 The Courier", "Most read", "Sign up for our newsletter"]
    last = ["(With files from Reuters)", "Got a story? Get in touch with our news team."]
    found = labels(page([*STORY, *last, *below]), [*STORY, *last, *below])
    assert [found[line] for line in last] == ["agency", "bio"]


def test_links_to_other_sites_are_sources_and_stay() -> None:
    sources = ["The inspection report of 2024", "What the maker answered in May"]
    links = "".join(f"<li><a href='https://records.example.net/{n}'>{text}</a></li>" for n, text in enumerate(sources))
    texts = [*STORY, *sources]
    html = page(STORY, after=f"<ul>{links}</ul>")
    assert set(labels(html, texts).values()) == {TEXT}


def test_the_headline_and_what_stands_above_it_are_not_the_story() -> None:
    texts = ["Transport", "Harbour bridge stays closed", *STORY]
    found = labels(page(texts), texts)
    assert found["Transport"] == found["Harbour bridge stays closed"] == "title"


LINES = st.lists(
    st.one_of(
        st.text(min_size=1, max_size=80), st.sampled_from([*STORY, "Advertisement", "Related:", "12 12 12 12 12 12"])
    )
)


def test_a_quotation_in_a_figure_is_no_caption() -> None:
    quote = "The cables were never meant to carry lorries, and everybody in the harbour knew it"
    texts = [*STORY, quote]
    html = page(STORY, after=f"<figure><blockquote>{quote}</blockquote></figure>")
    assert labels(html, texts)[quote] == TEXT


def test_initials_of_an_author_are_in_no_line() -> None:
    line = "Stage 8: Cascade Harbour"
    tree = parse(page([*STORY, line]))
    assert tree is not None
    about = Page(title="x", authors=("AS",), host="www.example.org")
    assert label([Paragraph(text) for text in [*STORY, line]], Lines(tree), about)[-1].label == TEXT


def test_trades_and_names_under_a_heading_of_credits_are_credits_as_far_as_no_sentence_comes() -> None:
    texts = [*STORY[:2], "Photo Credits", "Creative Director: Iris Kell", "Tailor Tam Loudon", *STORY[2:]]
    found = labels(page(texts), texts)
    assert {found[line] for line in texts[2:5]} == {"credit"}
    assert {found[line] for line in (*STORY[:2], *STORY[2:])} == {TEXT}


def test_a_labelled_link_between_two_paragraphs_takes_neither() -> None:
    link = "Related: How the cables were made"
    body = "".join(f"<p>{line}</p>" for line in STORY[:2]) + f"<p>Related: <a href='/x'>{link[9:]}</a></p>"
    html = page([]).replace("<article></article>", f"<article>{body}<p>{STORY[2]}</p></article>")
    texts = [*STORY[:2], link, STORY[2]]
    assert list(labels(html, texts).values()) == [TEXT, TEXT, "promo", TEXT]


def test_a_silent_rule_leaves_its_lines_to_the_others() -> None:
    texts = [*STORY, "Advertisement"]
    tree = parse(page(texts))
    assert tree is not None
    blocks = label([Paragraph(text) for text in texts], Lines(tree), ABOUT, silent={"ad_phrase"})
    assert blocks[-1].label == TEXT


@given(LINES)
def test_labels_never_change_what_was_read(texts: list[str]) -> None:
    texts = [text for line in texts if (text := clean(line))]
    tree = parse(page(texts))
    assert tree is not None
    blocks = label([Paragraph(text) for text in texts], Lines(tree), ABOUT)
    assert [block.text for block in blocks] == texts


def test_the_last_sentence_of_a_story_stays_though_its_agency_stands_behind_it() -> None:
    last = "Die Brücke bleibt bis zum Frühjahr gesperrt. (dpa)"
    texts = [*STORY, last]
    assert labels(page(texts), texts)[last] == TEXT


def test_a_button_that_sends_a_sentence_of_the_story_is_of_the_story() -> None:
    line = "Bridges are for people who cannot wait for boats. Click To Tweet"
    assert labels(page(STORY, after=f"<p><a href='/tweet'>{line}</a></p>"), [*STORY, line])[line] == TEXT


# One line at least for each phrase that may stand behind other words.
LOOSE = {
    "newsletter": [
        "If you liked this, sign up for our weekly newsletter",
        "Read on and sign up for it, delivered straight to you",
        "It is free. Get it delivered every morning",
        "The Harbour newsletter, to which you can subscribe",
        "Mehr davon? Abonnieren Sie jetzt unseren Newsletter",
        "Alle Nachrichten: Abonniere den WhatsApp-Kanal des Kuriers",
    ],
    "legal": [
        "The Courier receives an affiliate commission",
        "The Courier may earn a commission",
        "It may get a share of the sale",
        "Note: we earn a commission if you buy by our links",
        "Note: our links earn a commission",
    ],
    "credit": [
        "These words are licensed under CC",
        "Some of it is CC BY-SA",
        "Some of it is CC-BY",
        "The bridge (file photo)",
        "The bridge on Sunday. Picture: Ann Ferrier",
    ],
    "credit_named": [
        "The bridge — Reuters",
        "The bridge via Getty",
        "The bridge, courtesy of AP",
        "The bridge | Alamy",
        "The bridge (Getty Images)",
        "The bridge Shutterstock",
        "The bridge (Getty Images.)",
    ],
    "rights": [
        "By us, ALL RIGHTS RESERVED",
        "Wie immer: alle Rechte vorbehalten",
        "As ever, this text cannot be reproduced",
        "It is not to be redistributed",
        "By us, © 2026",
        "Of copyright 2026",
    ],
}


@pytest.mark.parametrize("table", LOOSE)
def test_no_sign_hides_a_phrase_that_may_stand_behind_other_words(table: str) -> None:
    phrases = getattr(wording, table.upper())
    assert all(phrases.match(line) for line in LOOSE[table])
    assert phrases.match("The bridge stays closed") is None
    for loose in wording.parted(table)[1]:
        alone = re.compile(wording.framed(table, [loose]), re.IGNORECASE)
        assert any(alone.search(line) for line in LOOSE[table]), loose

"""The rules that call one paragraph furniture by what is around it and what it says; the first that speaks decides.

benchmarks/extraction.py measures each: the words it took from the text, and how many a truth holds. Where truths
disagree about a kind of line (credits of agencies, links in capitals), the line is furniture here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from pipelines import agencies, wording
from pipelines.segments import text_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines.reading import Furniture
    from pipelines.standing import Line, Page

LINKED = 0.9  # share of a line's characters inside links that makes it a link and nothing else
MOSTLY_LINKED = 0.5
PARTLY_LINKED = 0.3
TOP = 8  # paragraphs from the top in which headlines are repeated and authors named
STORY = 160  # characters from which a closed, unlinked paragraph tells somebody's story
CAPTION = 400  # characters; so are the numbers below: longer paragraphs in boxes of these names are text
BOX = 200
NAMES = 120
OTHERS_WORDS = 4  # a linked line of fewer words may be a name in a list
SENTENCE_WORDS = 4  # of a closed line that is more than "Read more." or "Most popular!"
LEAST_NAME = 4  # letters: an author's initials occur inside any word
CLOSING = 2  # paragraphs from the end of which the last sentence may have its agency behind it
LAST = 4  # paragraphs from the end in which authors are introduced and agencies thanked
_HOST = re.compile(r"(?:https?:)?//([^/?#:]+)", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:https?://)?([^\s/]+\.[^\s/]+)/\S+$", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_STOPS = (".", "!", "。", ".”", ".»", '."', ".)")
_IMPERATIVE = re.compile(
    r"\W*(?:read|see|watch|explore|keep|continue|lesen|lisez|lire|leer?|leia|leggi)\b", re.IGNORECASE
)
_SENTENCE_BEFORE = re.compile(r"\w{3}[.!?][\"”’»]?\s+\([^()]{2,60}\)\W*$")


def tells(line: Line) -> bool:
    """Tell whether this is a paragraph of somebody's story: long, closed, hardly linked."""
    return len(line.text) > STORY and line.closed and line.linked < PARTLY_LINKED


def _address(line: Line) -> str:
    if not line.segments:
        return ""
    element = line.segments[0].element
    anchor = element if element.tag == "a" else next(element.iterancestors("a"), None)
    anchor = element.find(".//a") if anchor is None else anchor
    return (anchor.get("href") or "").strip() if anchor is not None else ""


def leads_away(line: Line, host: str) -> bool:
    """Tell whether its link goes to another site: a list of sources or of offers is part of the story that gives it."""
    match = _HOST.match(_address(line))
    if match is None:
        return False
    target, own = match[1].lower().removeprefix("www."), host.removeprefix("www.")
    return target not in own and own not in target


def _named(names: str) -> Callable[[Line], bool]:
    wanted = frozenset(names.split())
    return lambda line: not wanted.isdisjoint(line.tokens)


_caption = _named("caption captions figcaption legend bildunterschrift bildtext cutline imagecaption")
_credit = _named("credit credits photographer imagecredit photocredit attribution fotocredit bildquelle")
_newsletter = _named("newsletter newsletters signup subscribe subscription mailchimp optin mailing")
_comment = _named("comments comment disqus respond commenting coral")
_promo = _named(
    "related recommended recommendation recommendations readmore trending popular mostread recirc recirculation teaser"
    " teasers outbrain taboola zergnet promo promos promobox readalso inlinelink crosslink upnext"
)
_ad = _named("ad ads advert advertisement adsense adslot sponsored sponsor advertorial dfp anzeige werbung")
_bio = _named("bio biography authorbio authorbox aboutauthor")
_about = _named("bio about box info card profile description desc details")
_author = _named("author authors contributor contributors writer autor auteur autore")
_date = _named("date dateline timestamp time published datetime pubdate datum")


def _short(line: Line, limit: int) -> bool:
    return len(line.text) <= limit


def _code(line: Line, _: Page) -> bool:
    return line.tag != "code" and wording.holds_script_sign(line.text) and wording.SCRIPT.match(line.text) is not None


def _figure(line: Line, _: Page) -> bool:
    """A line under a picture; but a figure may hold a quotation as well."""
    return (
        not line.tags.isdisjoint({"figcaption", "figure"}) and "blockquote" not in line.tags and _short(line, CAPTION)
    )


def _caption_box(line: Line, _: Page) -> bool:
    return _caption(line) and line.tag not in {"item", "head"} and _short(line, CAPTION)


def _bio_box(line: Line, _: Page) -> bool:
    return (_bio(line) or (_author(line) and _about(line))) and (line.index < 3 or line.index > line.count / 2)


def _promo_word(line: Line, _: Page) -> bool:
    match = wording.PROMO_LABELLED.match(line.text)
    if match is None:
        return False
    end = match["end"].strip()
    if line.text[match.end() :].lstrip()[:1].islower() and _is_sentence(line):  # "Also: the mayor resigned on Friday."
        return False
    if end or not line.text[match.end() :].strip():
        return end[:1] in set(":：|►▶»>→…") - {""} or line.linked >= PARTLY_LINKED or _short(line, 25)
    return line.linked >= MOSTLY_LINKED


def _is_sentence(line: Line) -> bool:
    """Tell whether a line that begins like a heading ends like a sentence, and is no link: "Most shared his view."."""
    stops = line.text.endswith(_STOPS) and not line.text.endswith("...")
    return stops and line.linked < PARTLY_LINKED and len(_WORD.findall(line.text)) >= SENTENCE_WORDS


def _promo_heading(line: Line, _: Page) -> bool:
    if line.tag not in {"head", "p"} or wording.PROMO_HEADING.match(line.text) is None:
        return False
    return not _is_sentence(line) or _IMPERATIVE.match(line.text) is not None


def _link_alone(line: Line, page: Page) -> bool:
    """A paragraph that is one link from end to end; but an address written out is part of the story that gives it."""
    if (
        line.linked < LINKED
        or "://" in line.text
        or wording.QUOTED.search(line.text)
        or line.tag not in {"p", "quote"}
        or line.index == 0
    ):
        return False
    if _address(line).startswith(("#", "javascript:")):  # a button that quotes the story, or a jump within it
        return False
    return len(_WORD.findall(line.text)) >= OTHERS_WORDS and _short(line, BOX) and not leads_away(line, page.host)


def _credit_phrase(line: Line, _: Page) -> bool:
    """A picture's credit; but no sentence that names an agency, nor the last of the story with the agency behind it."""
    if wording.CREDIT.match(line.text):
        return not _tells_of_pictures(line)
    if wording.CREDIT_NAMED.match(line.text) is None or wording.SAYING.search(line.text):
        return False
    return not agencies.spells_out(line.text) and not (line.from_end < CLOSING and _closes_story(line.text))


def _tells_of_pictures(line: Line) -> bool:
    """Tell whether it only begins like a credit: "Bilder von der Unglücksstelle zeigen zerstörte Häuser."."""
    if wording.CREDIT_BY_WORD.match(line.text) is None or wording.CREDIT_SIGNS.search(line.text):
        return False
    return line.tag == "head" or (line.closed and len(_WORD.findall(line.text)) >= SENTENCE_WORDS)


def _closes_story(text: str) -> bool:
    return agencies.at_end(text) is not None and _SENTENCE_BEFORE.search(text) is not None


def _own_address(line: Line, page: Page) -> bool:
    """The page's own address written out, as a print version or a share box gives it."""
    match = _ADDRESS.match(line.text)
    return bool(page.host) and match is not None and page.host.removeprefix("www.") in match[1]


def _date_line(line: Line, _: Page) -> bool:
    if line.tag not in {"p", "quote"} or not (line.index < TOP or line.from_end < 3 or wording.STAMP.match(line.text)):
        return False
    return wording.is_date_line(line.text)


def _author_line(line: Line, page: Page) -> bool:
    if not page.authors or not _short(line, NAMES) or line.closed:
        return False
    rest = line.key
    for author in page.authors:
        if len(key := text_key(author)) >= LEAST_NAME:
            rest = rest.replace(key, "")
    return len(rest) < len(line.key) and len(rest) <= 25


def names_somebody(line: Line) -> str | None:
    """Return the name in a line that is somebody's name and trade and nothing else: "Ann Smith - Writer"."""
    if not (line.index < TOP or line.from_end < TOP):
        return None
    match = wording.NAME_AND_JOB.match(line.text)
    return match["name"] if match else None


def _byline_phrase(line: Line, _: Page) -> bool:
    return (line.index < TOP or line.from_end < 3) and bool(
        wording.BYLINE.match(line.text) or wording.BYLINE_LINE.match(line.text)
    )


def _contributed(line: Line, _: Page) -> bool:
    return (line.from_end <= LAST or line.index < 3) and wording.CONTRIBUTED.match(line.text) is not None


def _bio_phrase(line: Line, page: Page) -> bool:
    late = line.from_end <= LAST
    named = any(author.split()[-1] in line.text for author in page.authors)
    if line.index == 0 or not (late or named) or wording.ATTRIBUTED.search(line.text):
        return False
    if wording.BIO_CONTACT.match(line.text) or (late and wording.BIO_FIRST.match(line.text)):
        return True
    if not (late or line.index < LAST) or wording.BIO_ROLE.match(line.text) is None:
        return False
    return named or (not page.authors and line.from_end <= 1 and wording.OPENS_WITH_NAME.match(line.text) is not None)


def _bio_of_author(line: Line, page: Page) -> bool:
    """The page's own author in the third person: after the story, or anywhere, if it says no more than her beat."""
    if not page.authors:
        return False
    match = (wording.BIO_NAMED if line.index > line.count / 2 else wording.BIO_BEAT).match(line.text)
    return match is not None and text_key(match["name"]) in {text_key(author) for author in page.authors}


def _says(phrases: wording.Phrases) -> Callable[[Line, Page], bool]:
    return lambda line, _: phrases.match(line.text) is not None and not wording.ATTRIBUTED.search(line.text)


def _in(box: Callable[[Line], bool], limit: int) -> Callable[[Line, Page], bool]:
    return lambda line, _: box(line) and _short(line, limit)


LATE = frozenset(
    {"date_line", "byline_phrase", "contributed", "bio_phrase", "name_and_job"}
)  # that ask how many follow
Rule: TypeAlias = "tuple[Furniture, str, Callable[[Line, Page], bool]]"
RULES: tuple[Rule, ...] = (
    ("script", "no_words", lambda line, _: not line.key),
    ("script", "code", _code),
    ("caption", "figure", _figure),
    ("credit", "credit_class", _in(_credit, BOX)),
    ("caption", "caption_class", _caption_box),
    ("ad", "ad_phrase", _says(wording.AD)),
    ("ad", "ad_class", lambda line, _: _ad(line) and _short(line, NAMES) and not tells(line)),
    ("share", "share_phrase", _says(wording.SHARE)),
    ("share", "own_address", _own_address),
    ("comment_prompt", "comment_phrase", _says(wording.COMMENT)),
    ("bio", "bio_box", _bio_box),
    ("newsletter", "newsletter_class", _in(_newsletter, CAPTION)),
    ("newsletter", "newsletter_phrase", _says(wording.NEWSLETTER)),
    ("share", "follow_phrase", _says(wording.FOLLOW)),
    ("paywall", "paywall_phrase", _says(wording.PAYWALL)),
    ("comment_prompt", "comment_class", lambda line, _: _comment(line)),
    ("promo", "promo_word", _promo_word),
    ("promo", "promo_heading", _promo_heading),
    ("promo", "promo_line", _says(wording.PROMO_LINE)),
    ("promo", "promo_class", lambda line, _: _promo(line) and not tells(line)),
    ("promo", "link_alone", _link_alone),
    ("legal", "legal_phrase", _says(wording.LEGAL)),
    ("legal", "rights_phrase", _says(wording.RIGHTS)),
    ("credit", "credit_heading", _says(wording.CREDIT_HEADING)),
    ("credit", "credit_phrase", _credit_phrase),
    ("embed", "embed_phrase", _says(wording.EMBED)),
    ("dateline", "date_line", _date_line),
    ("dateline", "reading_time", _says(wording.READING_TIME)),
    ("byline", "author_line", _author_line),
    ("byline", "name_and_job", lambda line, _: names_somebody(line) is not None),
    ("byline", "byline_phrase", _byline_phrase),
    (
        "dateline",
        "date_class",
        lambda line, _: _date(line) and _short(line, BOX) and not line.closed and any(map(str.isdigit, line.text)),
    ),
    ("agency", "contributed", _contributed),
    ("bio", "bio_phrase", _bio_phrase),
    ("bio", "bio_of_author", _bio_of_author),
)

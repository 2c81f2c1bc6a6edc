"""The set phrases of news furniture as patterns: compiled from ``phrases.toml``, the place to add a language."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

# A colon, an arrow, dots or a dash behind "Related": what makes it a label and not the beginning of a sentence.
_LABEL_END = r"(?P<end>\s*[:：|►▶»>→…]|\s*\.\.\.|\s+[-–—]\s|\W*$|\s)"
_FRAMES = {
    "whole": r"^[\W_]*(?:{})[\W_]*$",
    "list": r"^[\W_]*(?:{0})(?:\s*[|·•]\s*(?:{0}))*[\W_]*$",  # "Print this page | Write to the editor"
    "opens": r"^[\W_]*(?:{})",
    "anywhere": r"(?:{})",
    "labelled": r"^[\W_]*(?:{})" + _LABEL_END.replace("{", "{{").replace("}", "}}"),
    "words": r"(?:{})",
}
_LOOSE = re.compile(r"\^?(?:\(\?:)?(?:\.|\[\^)")  # opens with anything: ".{0,160}", "^[^.!?]{0,80}"
_TABLES: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("phrases.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Phrases:
    """One table of phrases: their patterns, and the length beyond which a line is none of them.

    ``begins`` is tried where the line begins. ``holds`` is looked for in all of it, if it has one of ``signs`` or if
    there are none: what may stand anywhere is dear to look for, and `re.search` tries even a ``^`` at every character.
    """

    begins: re.Pattern[str] | None
    limit: int
    holds: re.Pattern[str] | None = None
    signs: tuple[str, ...] = ()

    def match(self, line: str) -> re.Match[str] | None:
        """Return how the line says one of these phrases, or None."""
        if len(line) > self.limit:
            return None
        if self.begins and (found := self.begins.match(line)):
            return found
        return self.holds.search(line) if self.holds and self._may_hold(line.lower()) else None

    def _may_hold(self, lowered: str) -> bool:
        return not self.signs or any(sign in lowered for sign in self.signs)


def _either(phrases: Iterable[str]) -> str:
    return "|".join(f"(?:{phrase})" for phrase in phrases)


def _words(table: str) -> str:
    return _either(_TABLES[table]["phrases"])


def _phrases(table: str, limit: int = 400) -> Phrases:
    begins, holds = (re.compile(framed(table, part), re.IGNORECASE) if part else None for part in parted(table))
    return Phrases(begins, int(_TABLES[table].get("limit", limit)), holds, tuple(_TABLES[table].get("signs", ())))


def framed(table: str, phrases: Iterable[str]) -> str:
    """Return the pattern of some phrases of a table, as that table's lines say them."""
    return _FRAMES[_TABLES[table]["match"]].format(_either(phrases))


def parted(table: str) -> tuple[list[str], list[str]]:
    """Return the phrases of a table that a line begins with, and those that may stand anywhere in it."""
    entry = _TABLES[table]
    parts: tuple[list[str], list[str]] = [], []
    is_anywhere, has_signs = entry["match"] == "anywhere", "signs" in entry
    for phrase in entry["phrases"]:
        is_loose = (is_anywhere and not phrase.startswith("^")) or (has_signs and _LOOSE.match(phrase))
        parts[bool(is_loose)].append(phrase)
    return parts


AD = _phrases("ad")
SHARE = _phrases("share")
FOLLOW = _phrases("follow")
NEWSLETTER = _phrases("newsletter")
COMMENT = _phrases("comment")
PROMO_LABELLED = _phrases("promo_labelled")
PROMO_HEADING = _phrases("promo_heading")
PROMO_LINE = _phrases("promo_line")
PAYWALL = _phrases("paywall")
LEGAL = _phrases("legal")
RIGHTS = _phrases("rights")
CREDIT = _phrases("credit")
CREDIT_NAMED = _phrases("credit_named")
CREDIT_HEADING = _phrases("credit_heading")
SAYING = re.compile(rf"(?<!\w)(?:{_words('saying')})(?!\w)", re.IGNORECASE)
# What somebody says about newsletters is a sentence: ", the bank said", "”, sagte sie".
ATTRIBUTED = re.compile(
    rf"[,”»\"]\s*(?:[\w’'-]+\s){{0,5}}?(?:{_words('saying')}|{_words('attributing')})(?!\w)[^.!?]{{0,60}}[.]",
    re.IGNORECASE,
)
# Between "Photos" and a name; between "Bilder" and what they show, as well.
CREDIT_BY_WORD = re.compile(r"^[\W_]*[^\W_]+(?: [^\W_]+)? (?:by|von|de|par|di|via)\s", re.IGNORECASE)
CREDIT_SIGNS = re.compile(r"[:：©/|]")
CONTRIBUTED = _phrases("contributed")
READING_TIME = _phrases("reading_time")
BIO_CONTACT = _phrases("bio_contact")
EMBED = _phrases("embed")
SCRIPT = _phrases("script", limit=1_000_000)
QUOTED = re.compile(r"\b(?:click|tap) to tweet\W*$", re.IGNORECASE)  # a button that sends a sentence of the story
_SCRIPT_SIGN = re.compile(r"[<{=\[]")

_DATE_PART = re.compile(
    rf"(?:{_words('months')}|{_words('date_words')})(?![^\W\d_])"
    r"|(?<!\d)\d{1,4}(?!\d)(?:st|nd|rd|th|h\d\d|年|月|日|時|分|년|월|일)?",
    re.IGNORECASE,
)
_DATE_LINE = 90  # characters
STAMP = re.compile(rf"[\W_]*(?:{_words('stamps')})(?![^\W\d_])", re.IGNORECASE)  # "Updated at 1:23 p.m."
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
MONTH = rf"(?:{_words('months')})"
A_DATE = re.compile(
    rf"(?:(?:19|20)\d\d)|\d\W+{MONTH}\b|\b{MONTH}\W+\d|\b(?:ago|vor|il y a|hace)\b|\d[月日]", re.IGNORECASE
)


def holds_script_sign(line: str) -> bool:
    """Tell whether a line has a sign without which it is no script: looking for one is most of what that rule costs."""
    return _SCRIPT_SIGN.search(line) is not None


def is_date_line(line: str) -> bool:
    """Tell whether a line is nothing but date words and numbers; and, as "10 p.m." heads a paragraph, names a date."""
    if len(line) > _DATE_LINE or not (A_DATE.search(line) or STAMP.match(line)):
        return False
    return not _LETTER_OR_DIGIT.search(_DATE_PART.sub("", line))


# Names are told by their capitals, so these patterns mind case where names stand.
_NAME = r"(?:(?:Dr|Mr|Mrs|Ms|Prof)\.? )?[A-ZÀ-Þ][\w’'.-]*(?: (?:[A-ZÀ-Þ]|de|van|von|bin|al|el|la|da|di)[\w’'.-]*){0,4}"
_AND = r"\s*(?:,|;|\||/|&|\band\b|\bund\b|\bet\b|\by\b)\s*"
BYLINE = Phrases(re.compile(rf"^(?i:{_words('byline')})(?!\w)\s*:?\s*(?:{_NAME}(?:{_AND}{_NAME}){{0,4}})?\W*$"), 120)
BIO_ROLE = Phrases(
    re.compile(rf"^[\W_]*(?:[Bb]y )?{_NAME},? (?i:{_words('bio_verbs')})\b.{{0,160}}\b(?i:{_words('jobs')})\b"), 700
)
BIO_NAMED = Phrases(re.compile(rf"^[\W_]*(?P<name>{_NAME}),? (?i:{_words('bio_verbs')})\b"), 700)
BYLINE_LINE = _phrases("byline_line")
BIO_BEAT = Phrases(re.compile(rf"^[\W_]*(?P<name>{_NAME}),? (?:writes about|covers|reports on)\b.*[.]$"), 160)
_FULL_NAME = r"[A-ZÀ-Þ][\w’'.-]+(?: [A-ZÀ-Þ][\w’'.-]+){1,3}?"
BIO_FIRST = Phrases(re.compile(rf"^(?:Hi,? |Hello,? )?(?:I[’']m {_NAME}|I am {_FULL_NAME}|My name is {_NAME})\b"), 1200)
OPENS_WITH_NAME = re.compile(rf"^[\W_]*(?:[Bb]y )?{_FULL_NAME},? ")  # "Baum is" may be about anybody
NAME_AND_JOB = Phrases(
    re.compile(rf"^(?:[Bb]y )?(?P<name>{_FULL_NAME})(?: ?[-–—|,] ?| )(?i:(?:\w+ )?(?:{_words('jobs')}))$"), 60
)

"""The news agencies whose texts outlets reprint, and how pages credit them; the table is ``agencies.toml``.

A credit is a name in an author field, a dateline, a line of thanks or of rights, a bracket at the end. A sentence that
names an agency, as its source or its subject, credits nobody.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

_TABLE: dict[str, dict[str, list[str]]] = tomllib.loads(
    Path(__file__).with_name("agencies.toml").read_text(encoding="utf-8")
)["agency"]
FULL_NAMES: frozenset[str] = frozenset(name for agency in _TABLE.values() for name in agency["names"])
SIGNS: frozenset[str] = frozenset(name for agency in _TABLE.values() for name in agency["short"])
_BY_NAME = {name.casefold(): agency for agency, row in _TABLE.items() for name in row["names"]}
_BY_SHORT = {name: agency for agency, row in _TABLE.items() for name in row["short"]}


def _any(names: dict[str, str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


ANY = rf"(?<!\w)(?:(?i:{_any(_BY_NAME)})|{_any(_BY_SHORT)})(?!\w)"
_DPA_DESK = r"(?:dpa(?:-\w{1,12}|/\w{2,4})?)"  # "dpa/lno", "dpa-tmn": the regional and theme services
_ONE = rf"({ANY}|{_DPA_DESK})"
_MORE = rf"(?:\s*(?:[/,&+-]|\band\b|\bund\b|\by\b|\bet\b)\s*(?:{ANY}|\w{{2,9}})){{0,4}}"
_JOB = (
    r"(?i:\s+(?:(?:news ?)?agency|newswires?|wires?|wire services?|staff(?: writers?)?|news staff|agencia|agence"
    r"|(?:[\w.-]+\s+){0,3}(?:writers?|reporters?|correspondents?|editors?|journalists?|columnists?)))?"
)
_NAME = re.compile(rf"(?:by\s+|[Bb]y\s+)?(?:the\s+|The\s+)?{_ONE}{_JOB}", re.UNICODE)
_PARTS = re.compile(r"\s*(?:[,;|/()•·–—]|\s-\s|\s(?:and|for|of|via|with|und|et|y|e|con|mit|avec|from)\s)\s*")
_SURNAMED = re.compile(rf"\s(?:[Tt]he\s+)?((?i:{_any(_BY_NAME)}))$")  # "Ann Ferrier The Associated Press"

_PLACE = r"(?P<place>(?:[A-ZÀ-ÞА-ЯΑ-Ω][^()!?\n]{0,60}?)?)"
_END = r"\s*(?:\.?\s*[-–—:]|\.?\s+(?=[A-ZÀ-Þ\"“„]))"
_DATELINES = (
    re.compile(
        rf"{_PLACE}\s?\((?:[Tt]he )?(?:[\w.]{{2,9}}[/,]\s?)??{_ONE}{_MORE}\){_END}"
    ),  # PARIS (Reuters) - / MADRID, 5 (EFE).-
    re.compile(rf"(?P<place>[A-ZÀ-ÞА-Я][^()!?]{{1,50}}?)[,.]? /{_ONE}/[.:]?\s"),  # MOSCOW, May 3. /TASS/.
    re.compile(
        rf"(?P<place>[A-ZÀ-Þ][A-ZÀ-Þ .'-]{{2,40}}),\s(?:[^().!?]{{1,30}}\s)?{_ONE}\s*[-–—]"
    ),  # KYIV, Ukrinform -
    re.compile(rf"(?P<place>){_ONE}, [A-ZÀ-Þ][^.!?()]{{1,40}}(?:$|\s[-–—]\s)"),  # Reuters, LONDON -
)
_LONGEST_DATELINE = 160  # characters
_SOURCE = (
    r"(?:Sources?|Quellen?|Fuentes?|Fonti?e?|Bron|Kilder?|Källa|Źródło|Zdroj|Forrás|Sursa|Kaynak|Источник|Джерело|Πηγή|"
    r"SOURCE|FUENTE|FONTE|QUELLE|来源|來源|출처|المصدر)"
)
_WITH = (
    r"(?:(?:[Ww]ith|[Mm]it|[Cc]on|[Cc]om|[Aa]vec|[Mm]et|[Mm]ed)\b[^.!?()]{0,40}?\b(?:from|by|von|der|de(?:l|lla)?|da|van|fra|från)\s(?:the\s)?"
    r"|[Mm]it\s|[Aa]vec\s(?:l['’])?|[Cc]on\s|[Cc]om\s)"
)
_LINES = (
    re.compile(rf"^\W*(?:{_SOURCE}\s*[:：]\s*|{_WITH})?(?:[Tt]he )?{_ONE}{_MORE}\W*$"),  # (Quelle: APA/dpa) / – Reuters
    re.compile(rf"^\W*(?:©|\([cC]\)|[Cc]opyright|COPYRIGHT)(?:[\s©,:-]|\([cC]\)|\d{{4}}|[Tt]he|by)*{_ONE}"),
    re.compile(rf"^\W*{_SOURCE}\s*[:：]\s*(?:\w{{1,15}}[/,]\s?)?{_ONE}"),
    re.compile(rf"^\W*{_ONE}(?:-infocom)?, (?:dpa:|\d)"),
    re.compile(rf"^\W*(?:(?:[Ww]ritten|[Rr]eport(?:ed|ing)?|[Pp]ublished) )?[Bb]y (?:the |The )?{_ONE}{_JOB}\W*$"),
    re.compile(rf"^\W*(?:[Aa]dditional )?[Rr]eporting (?:by|from) (?:[Tt]he )?{_ONE}\b"),
    re.compile(
        rf"(?:^|[.;]\s+)(?:[Tt]he )?{_ONE}(?:['’]s?)?{_JOB}[^!?]{{0,240}}\b(?:contributed|assisted)\b(?! nothing)"
    ),
    re.compile(rf"^\W*{_WITH}(?:[Tt]he )?{_ONE}\b[^.!?]{{0,40}}\W*$"),
)
_LONGEST_LINE = 420
_INITIALS = 2  # letters: behind a name and a comma, "PA" is a trade or a state
_BRACKET = re.compile(rf"\((?:{_SOURCE}:\s*|{_WITH})?(?:[Tt]he )?{_ONE}{_MORE}\)\s*\.?\s*$")
_AFTER_END = re.compile(rf"[.!?][\"”’»]?\s+[-–—]{{0,2}}\s*{_ONE}{_MORE}\s*$")  # "... into the country. PTI"
_SPELT_OUT = re.compile(rf"{ANY}\s*\({_ONE}\)")
_LONGEST_BRACKET = 120
# "Reporting by …; editing by …" is how Reuters thanks, but not it alone: the line must name it, or another place does.
_THANKS = re.compile(r"[Rr]eporting by\b[^\n]{2,600}?\b[Ee]diting by\b")
_REUTERS = re.compile(r"(?<!\w)(?:Thomson )?Reuters(?!\w)")
_TRUST = "Thomson Reuters Trust Principles"


def agency_of(name: str) -> str | None:
    """Return the agency that a name is, as an author or a credit would give it; None for anybody else.

    "AP Sports Writer" and "dpa-infocom" are their agencies, "Ann Ferrier, Associated Press" is a person.
    """
    match = _NAME.fullmatch(name.strip().strip("()[]").strip())
    return _named(match[1]) if match else None


def agency_among(authors: str) -> str | None:
    """Return the agency in an author field that may name persons beside it: "Ann Ferrier, Associated Press"."""
    if len(authors) > _LONGEST_LINE:
        return None
    parts = (part for part in _PARTS.split(authors) if len(part) > _INITIALS or part == "AP")
    if agency := next(filter(None, map(agency_of, (authors, *parts))), None):
        return agency
    match = _SURNAMED.search(authors)
    return _named(match[1]) if match else None


def in_dateline(text: str) -> str | None:
    """Return the agency that a first paragraph opens with: "PORT ELLEN (Reuters) - The bridge stays closed"."""
    for pattern in _DATELINES:
        match = pattern.match(text[:_LONGEST_DATELINE])
        # "The Associated Press (AP) - the agency - said" is about an agency, "He (AP) ..." names no place.
        if match and not re.search(ANY, match["place"]):
            return _named(match[match.lastindex or 0])
    return None


def credited(line: str) -> str | None:
    """Return the agency that a line gives credit to and does nothing else: a source, rights, thanks."""
    line = line[:_LONGEST_LINE]
    match = next((match for pattern in _LINES if (match := pattern.search(line))), None)
    if match:
        return _named(match[1])
    return at_end(line) or ("Reuters" if _TRUST in line or (thanks(line) and _REUTERS.search(line)) else None)


def thanks(line: str) -> bool:
    """Tell whether a line thanks reporters and editors in the form that Reuters uses, and others after it."""
    return bool(_THANKS.search(line[:_LONGEST_LINE]))


def at_end(text: str) -> str | None:
    """Return the agency that a last paragraph closes with: "(AFP)", or its name after the last full stop."""
    tail = text[-_LONGEST_BRACKET:]
    match = _BRACKET.search(tail) or _AFTER_END.search(tail)
    if match is None or re.search(rf"{ANY}\W*$", tail[: match.start()]):  # "the Associated Press (AP)."
        return None
    return _named(match[1])


def spells_out(text: str) -> bool:
    """Tell whether a sentence gives an agency's name and its letters behind it: "the Associated Press (AP)"."""
    return bool(_SPELT_OUT.search(text))


def _named(text: str) -> str | None:
    if agency := _BY_SHORT.get(text) or _BY_NAME.get(text.casefold()):
        return agency
    return "dpa" if text.startswith("dpa") else None

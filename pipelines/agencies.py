"""The news agencies whose texts outlets reprint, and how pages credit them."""

from __future__ import annotations

import re

_NAMES: dict[str, str] = {
    "AP": r"AP|A\.P\.|Associated Press|The Associated Press",
    "Reuters": r"Reuters|Thomson Reuters",
    "AFP": r"AFP|Agence France[- ]Presse",
    "dpa": r"dpa(?:-\w+)?|Deutsche Presse[- ]Agentur",
    "EFE": r"EFE|Agencia EFE",
    "ANSA": r"ANSA",
    "Xinhua": r"Xinhua|新华社|新華社",
    "TASS": r"TASS|ТАСС|ITAR-TASS",
    "RIA Novosti": r"RIA Novosti|РИА Новости",
    "Interfax": r"Interfax|Интерфакс",
    "PTI": r"PTI|Press Trust of India",
    "ANI": r"ANI",
    "IANS": r"IANS",
    "UPI": r"UPI|United Press International",
    "Bloomberg": r"Bloomberg",
    "APA": r"APA",
    "PA": r"PA Media|Press Association",
    "AAP": r"AAP|Australian Associated Press",
    "Kyodo": r"Kyodo|Kyodo News|共同通信(?:社)?",
    "Jiji": r"Jiji|Jiji Press|時事通信(?:社)?",
    "Yonhap": r"Yonhap|연합뉴스",
    "Anadolu": r"Anadolu|Anadolu Agency|Anadolu Ajansı",
    "Belga": r"Belga",
    "ANP": r"ANP",
    "NTB": r"NTB",
    "TT": r"TT Nyhetsbyrån",
    "Ritzau": r"Ritzau",
    "STT": r"STT",
    "PAP": r"PAP",
    "ČTK": r"ČTK|CTK",
    "MTI": r"MTI",
    "Keystone-SDA": r"Keystone[- ]SDA|sda",
    "Europa Press": r"Europa Press",
    "Adnkronos": r"Adnkronos",
    "LUSA": r"Lusa",
    "SID": r"SID",
    "epd": r"epd",
    "KNA": r"KNA",
    "Ukrinform": r"Ukrinform|Укринформ",
    "Canadian Press": r"(?:The )?Canadian Press",
    "SPA": r"Saudi Press Agency",
    "IRNA": r"IRNA",
    "Antara": r"Antara",
    "Bernama": r"Bernama",
}
ANY = "|".join(_NAMES.values())
# Names in capitals are words elsewhere ("apa", "ani"): they count only as written.
_WHOLE = {agency: re.compile(rf"(?:{pattern})") for agency, pattern in _NAMES.items()}
_SOURCES = re.compile(
    rf"(?:"
    rf"^(?:[A-ZÀ-Þ][^.!?]{{1,60}}?)?\(\s*({ANY})\s*\)\s*[-–—]"  # PARIS (Reuters) -
    rf"|^[A-ZÀ-Þ][^.!?a-z]{{1,40}}[,/]\s*[^!?]{{0,30}}({ANY})\s*\)?\s*[-–—]"  # BERLIN, 3 May (dpa) / KYIV, Ukrinform -
    rf"|\((?:(?:mit )?Material von|Quelle|Source|Fuente|Fonte|con información de|avec)?:?\s*"
    rf"({ANY})(?:[\s,/]+(?:{ANY}))*\s*\)\s*\.?$"
    rf"|^(?:©|\(c\)|Copyright)?\s*(?:\d{{4}}\s*)?(?:The )?({ANY})(?:[\s,/-]+(?:{ANY}|infocom))*[.,:]?\s*(?:\S*\d\S*)?$"
    rf"|^(?:Source|Quelle|Quellen|Fuente|Fonte|Bron|Kilde|Källa|Источник|SOURCE)s?\s*:\s*({ANY})\b"
    rf"|^[-–—]+\s*({ANY})\s*$"
    rf"|\b({ANY}) (?:writers?|journalists?|reporters?)\b.{{0,200}}\bcontributed\b"
    rf")"
)


def agency_of(name: str) -> str | None:
    """Return the agency that a name is, as an author or a credit would give it; None for anybody else."""
    name = name.strip().strip("()")
    return next((agency for agency, pattern in _WHOLE.items() if pattern.fullmatch(name)), None)


def credited(text: str) -> str | None:
    """Return the agency that a line credits: in a dateline, in brackets, as a source, in a copyright line."""
    match = _SOURCES.search(text)
    return next((agency_of(group) for group in match.groups() if group), None) if match else None

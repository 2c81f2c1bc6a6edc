"""Pages for the tests of extraction, written for them."""

from __future__ import annotations

from html import escape

STORY = [
    "The harbour bridge at Port Ellen will stay closed until every one of its forty cables has been "
    "inspected, the council said on Tuesday, four days after a lorry driver reported a snapped strand.",
    "“We would rather explain an empty bridge than a fallen one,” said the harbour master, Iona McColl, "
    "who ordered the closure on Friday night without waiting for the engineers from the mainland.",
    "Ferries will carry lorries free of charge from Thursday. Schools on the far side of the sound are to"
    " open two hours later than usual, and the hospital has moved its outpatients to the old customs "
    "house.",
    "An inspection in March had found no fault. The council has asked the firm that made it to explain "
    "how corrosion of that kind could be missed, and to do so in writing before the end of the month.",
]


def page(
    lines: list[str],
    *,
    title: str = "Harbour bridge stays closed",
    head: str = "",
    before: str = "",
    after: str = "",
    language: str = "en",
) -> str:
    """Return a page that holds these lines as paragraphs, with markup around them."""
    body = "".join(f"<p>{escape(line, quote=False).replace('&amp;#', '&#')}</p>" for line in lines)
    return (
        f"<!DOCTYPE html><html lang='{language}'><head><title>{title}</title>{head}</head>"
        f"<body><article>{before}{body}{after}</article></body></html>"
    )

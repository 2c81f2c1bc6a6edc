"""The seed pair among look-alikes: reports of the stream about the same actors, dated into the seeds' week."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.story_sets import DAY
from dedup.features import features_of, name_hash
from dedup.stories import Item

FIRST, SECOND = 2_000_000_000, 2_000_000_001  # ids
ACTORS = (
    "biden",
    "ukraine",
    "russia",
    "politico",
    "zelensky",
    "putin",
    "pentagon",
    "kharkiv",
    "white house",
    "blinken",
)

_DROPPED = re.compile(r"<(script|style)\b.*?</\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")


def seed_pairs(folder: Path) -> list[tuple[Item, Item]]:
    """Return every variant of the first report with every one of the second, cleaned and raw, without a title too."""
    firsts, seconds = (
        [text for path in sorted(folder.iterdir()) if _number(path) == number for text in _variants(path)]
        for number in (1, 2)
    )
    return [
        (Item(FIRST, 0.0, "en", features_of(*one)), Item(SECOND, DAY / 3, "en", features_of(*other)))
        for one in firsts
        for other in seconds
    ]


def _number(path: Path) -> int:
    return 1 if path.name.startswith(("seed1", "000")) else 2


def _variants(path: Path) -> Iterator[tuple[str, str]]:
    """Yield title and body: of a page its paragraphs and all of its text, of a text with and without its first line."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".html":
        yield "", text
        yield text.strip().split("\n")[0], text
        return
    text = _DROPPED.sub("", text)
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", text, re.DOTALL)
    title = _plain(heading[1]) if heading else ""
    yield title, "\n".join(map(_plain, re.findall(r"<p[^>]*>(.*?)</p>", text, re.DOTALL)))
    yield title, _plain(text)


def _plain(markup: str) -> str:
    return html.unescape(_TAG.sub("", markup)).strip()


def about_the_actors(items: list[Item], most: int) -> list[Item]:
    """Return the reports that name most of the seeds' actors."""
    actors = np.array([name_hash(name) for name in ACTORS], dtype=np.uint32)
    named = [int(np.isin(actors, item.features.names).sum()) for item in items]
    order = sorted(range(len(items)), key=lambda place: (-named[place], items[place].id))
    return [items[place] for place in order[:most] if named[place] > 0]

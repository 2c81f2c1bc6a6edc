"""What a report says of its sources, as dedup/origins.py reads it: the media that it names and the voices in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dedup.origins import Account, Place, Statement, key_of, reliance
from pipelines.agencies import agency_of
from pipelines.voices import voices

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from pipelines.reading import StatedSource


def medium_key(name: str) -> str:
    """Return the key that the spellings of a medium's name share, an agency's signs and full names among them."""
    return key_of(agency_of(name) or name)


def account(
    blocks: Mapping[int, str],
    stated: Sequence[StatedSource],
    language: str | None,
    outlets: Collection[str],
    is_own: Callable[[str], bool],
) -> Account:
    """Return what a report says of its sources; ``blocks`` are those of its text, by position, in order.

    ``outlets`` are its own names, and ``is_own`` tells whether the key of a medium is theirs or its agency's. Voices
    are listened to only where it takes them to decide: of a hundred reports that name a medium, in five.
    """
    said = Account(sum(len(text.split()) for text in blocks.values()), tuple(_statements(blocks, stated)))
    if reliance(said, is_own).on is None:
        return said
    return replace(said, voices=voices(list(blocks.items()), language, [one.name for one in stated], outlets))


def _statements(blocks: Mapping[int, str], stated: Sequence[StatedSource]) -> Iterator[Statement]:
    for one in (one for one in stated if one.position in blocks):
        before = sum(len(text.split()) for position, text in blocks.items() if position < one.position)
        within = len(blocks[one.position][: one.start].split())
        place = Place(one.position, one.start, one.end)
        yield Statement(place, one.name, one.wording, medium_key(one.name), before + within)

"""Independent origins: from how many places the own texts of a story come, and what says so of each.

A text that an agency is credited with is the agency's, one that an outlet printed first is that outlet's, and one whose
only source is another medium is that medium's, also where it was never crawled. Everything here errs towards "own":
a collapse needs a phrase, a credit or a copy link that an operator can read; the lack of one keeps texts apart.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

RULES_VERSION = 1
# Where "Politico reported" must stand to be about the report's news and not about a detail of it: a standfirst and a
# first paragraph. "Politico first reported" is about the news wherever it stands.
OPENING_WORDS = 80
# A longer report that rests on another comes back to it; one that names it once quotes it.
BRIEF_WORDS = 120
STATEMENTS = 2
EXCERPT_SHARE = 0.8  # of a brief's words that must stand in a longer text; a link of kind excerpt takes fewer

_FIRST, _TOLD = "first_reported", "told"
_CONFIDING = frozenset((_TOLD, "citing"))  # wordings that tie unnamed voices to a medium: "officials who spoke to CNN"
_ARTICLE = re.compile(r"^(?:the|der|die|das|le|la|les|el|los|il|de|het)\s+", re.IGNORECASE)


class Whose(StrEnum):
    """Whom a voice in a report speaks to."""

    OWN = "own"  # to this outlet, as far as the text tells
    PUBLIC = "public"  # to everybody: an office, a body of state, a press conference
    UNNAMED = "unnamed"  # to a medium that told so, else to this outlet


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where words stand in an article: a block, and in it characters from 0."""

    position: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A medium that a report names as where a claim comes from."""

    at: Place
    name: str
    wording: str
    key: str  # of the medium: equal for its spellings
    words_before: int  # of the report


@dataclass(frozen=True, slots=True)
class Voice:
    """A sentence in which somebody speaks, other than by way of a medium that it names."""

    at: Place
    whose: Whose


@dataclass(frozen=True, slots=True)
class Account:
    """What a report says of its sources. ``voices`` is None in a language whose verbs of speech are not known."""

    words: int
    statements: Sequence[Statement] = ()
    voices: Sequence[Voice] | None = ()


@dataclass(frozen=True, slots=True)
class Medium:
    """An outlet or an agency: its name, the key of that, and the keys of what else it is called."""

    name: str
    key: str
    also: frozenset[str] = frozenset()

    def is_called(self, key: str) -> bool:
        """Tell whether a stated source's key names it."""
        return key == self.key or key in self.also


@dataclass(frozen=True, slots=True)
class OwnText:
    """A copy group of a story as origins see it; ``order`` is that of time."""

    group: int
    order: tuple[float, int]
    account: Account
    carriers: tuple[Medium, ...]  # the outlets that print it
    agency: Medium | None = None
    first: Medium | None = None  # the outlet that printed it first for certain
    lies_in: int | None = None  # the copy group of the story whose text holds nearly all of it

    def is_of(self, key: str) -> bool:
        """Tell whether a name is that of a medium that prints it, or wrote it."""
        return any(one.is_called(key) for one in (*self.carriers, *filter(None, (self.agency,))))


@dataclass(frozen=True, slots=True)
class Reliance:
    """What a report's sources come to: the medium that it rests on, or what makes it a report of its own."""

    on: Statement | None = None
    own: Place | None = None  # what speaks for itself, where that can be pointed at
    why_own: str | None = None


class Basis(StrEnum):
    """By what an origin is known."""

    STATED = "stated"
    AGENCY = "agency"
    EXCERPT = "excerpt"
    FIRST = "first"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an own text comes from; texts of one ``number`` share an origin."""

    group: int
    number: int
    name: str | None  # None: undetermined
    basis: Basis
    reliance: Reliance
    via: int | None = None  # whose origin it shares: the text that holds it, or the stated medium's own report


def key_of(name: str) -> str:
    """Return what the spellings of a medium's name share: letters and digits, without its article."""
    return re.sub(r"[\W_]+", "", _ARTICLE.sub("", name.strip())).casefold()


def reliance(account: Account, is_own: Callable[[str], bool]) -> Reliance:
    """Return on which medium alone a report rests, if on any; ``is_own`` tells whether a key is its own outlet's.

    It rests on a medium that it gives as the first to report, or else on the only one that it names, early and again;
    where nobody speaks to itself, nobody in public before that medium is named, and its unnamed voices are a medium's.
    """
    stated = account.statements
    if not stated:
        return Reliance()
    if itself := next((one for one in stated if is_own(one.key)), None):
        return Reliance(own=itself.at, why_own="it is itself named as a source")
    firsts = [one for one in stated if one.wording == _FIRST]
    # Beside "Politico first reported", "officials who spoke to CNN" confirm; "CNN reported" ahead of it competes.
    rivals = [one for one in stated if one.at < firsts[0].at and one.wording != _TOLD] if firsts else stated
    if len({one.key for one in (*firsts, *rivals)}) > 1:
        return Reliance(why_own="several media are named")
    (on, *_) = firsts or stated
    if not firsts and not _is_about_the_news(on, stated, account.words):
        return Reliance(own=on.at, why_own="a medium is quoted for a detail")
    if account.voices is None:
        return Reliance(why_own="voices in its language are not read")
    voice = next((voice for voice in account.voices if _is_own(voice, on, stated)), None)
    return Reliance(own=voice.at, why_own="somebody speaks to it") if voice else Reliance(on=on)


def _is_about_the_news(on: Statement, stated: Sequence[Statement], words: int) -> bool:
    return on.words_before <= OPENING_WORDS and (words <= BRIEF_WORDS or len(stated) >= STATEMENTS)


def _is_own(voice: Voice, on: Statement, stated: Sequence[Statement]) -> bool:
    if voice.whose is Whose.PUBLIC:
        return voice.at < min(one.at for one in stated if one.key == on.key)
    if voice.whose is Whose.UNNAMED:
        return not any(one.wording in _CONFIDING and one.at.position <= voice.at.position for one in stated)
    return True


def origins(texts: Iterable[OwnText]) -> list[Origin]:
    """Return the origin of each own text of a story, in the order of time, numbered from 1 by first appearance."""
    ordered = sorted(texts, key=lambda text: text.order)
    reliances = {text.group: reliance(text.account, text.is_of) for text in ordered}
    via = {text.group: report for text in ordered if (report := _shared_with(text, ordered, reliances)) is not None}
    for group in _ends_of_circles(via, ordered):
        del via[group]
        reliances[group] = Reliance(why_own="the medium that it names rests on it")
    by_group = {text.group: text for text in ordered}
    numbers: dict[str | int, int] = {}
    found = []
    for text in ordered:
        root = text
        while root.group in via:
            root = by_group[via[root.group]]
        medium, _ = _by_itself(root, reliances)
        number = numbers.setdefault(medium.key if medium else root.group, len(numbers) + 1)
        _, basis = _by_itself(text, reliances)
        basis = Basis.EXCERPT if text.group in via and via[text.group] == text.lies_in else basis
        name = medium.name if medium else None
        found.append(Origin(text.group, number, name, basis, reliances[text.group], via.get(text.group)))
    return found


def _by_itself(text: OwnText, reliances: Mapping[int, Reliance]) -> tuple[Medium | None, Basis]:
    """Return the origin of an own text without regard to the others of its story."""
    if (on := reliances[text.group].on) is not None:
        return Medium(on.name, on.key), Basis.STATED
    if text.agency is not None:
        return text.agency, Basis.AGENCY
    return text.first, Basis.FIRST if text.first is not None else Basis.UNDETERMINED


def _shared_with(text: OwnText, texts: Sequence[OwnText], reliances: Mapping[int, Reliance]) -> int | None:
    """Return the copy group whose origin a text shares: one that holds it, else the stated medium's earliest report."""
    if text.lies_in is not None:
        return text.lies_in
    on = reliances[text.group].on
    if on is None:
        return None
    printed = [other for other in texts if other.group != text.group and other.is_of(on.key)]
    wrote = [other for other in printed if (author := other.agency or other.first) and author.is_called(on.key)]
    reprints_no_agency = [other for other in printed if other.agency is None]
    return next((other.group for other in wrote or reprints_no_agency), None)


def _ends_of_circles(via: Mapping[int, int], texts: Sequence[OwnText]) -> set[int]:
    """Return the earliest of those texts that are, in the end, each other's source: they stand for themselves."""
    place = {text.group: at for at, text in enumerate(texts)}
    found = set()
    for start in via:
        chain = [start]
        while (after := via.get(chain[-1])) is not None and after not in chain:
            chain.append(after)
        if after is not None:
            found.add(min(chain[chain.index(after) :], key=place.__getitem__))
    return found

"""The language of watches: words and "phrases" with AND, OR, NOT and brackets, parsed once and asked of many texts.

Words side by side must all occur; NOT binds closer than AND, AND closer than OR. A trailing `*` stands for any rest of
a word, `title:` keeps a word or phrase to the title. Case, Unicode form and punctuation play no part: words are
compared whole, a phrase's words follow each other whatever stands between them. In scripts that put no space between
words every character is a word, so that any run of characters is found.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import groupby
from typing import Final, Generic, NoReturn, TypeAlias, TypeVar

from foundation.errors import UnusableQuery

MAX_LENGTH: Final = 2_000  # characters of a query
MAX_DEPTH: Final = 50  # brackets and NOTs within each other: far above what anybody writes, far below Python's limit
OPERATORS: Final = frozenset({"AND", "OR", "NOT"})

# Thai, Lao, Burmese, Khmer, kana, Han: no spaces between words. Hangul has them.
_UNSPACED: Final = (
    "\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_ASCII_WORD: Final = re.compile(r"[a-z0-9]+")
_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")  # soft hyphens, joiners: spelling, not letters
_TERM: Final = re.compile(
    r"""(?P<bracket>[()])|(?:(?P<field>[^\W\d_]+):)?(?:"(?P<phrase>[^"]*)"(?P<star>\*?)|(?P<word>[^\s()"]+))|(?P<stray>\S)"""
)
_QUOTES: Final = str.maketrans(dict.fromkeys("“”„‟«»", '"'))

Key = TypeVar("Key")


class Text:
    """An article as queries see it: the words of its title, a gap, the words of its text."""

    def __init__(self, title: str, body: str) -> None:
        words = folded(title)
        self.title_end = len(words)
        self.words = [*words, "", *folded(body)]
        self.places: defaultdict[str, list[int]] = defaultdict(list)
        for place, word in enumerate(self.words):
            self.places[word].append(place)

    @cached_property
    def vocabulary(self) -> list[str]:
        """Every word once, sorted."""
        return sorted(self.places)

    def beginning_with(self, prefix: str) -> Iterator[str]:
        """Yield the words that begin so."""
        for word in self.vocabulary[bisect_left(self.vocabulary, prefix) :]:
            if not word.startswith(prefix):
                return
            yield word


@dataclass(frozen=True, slots=True)
class Phrase:
    """One word or several in a row, spelled as `folded` spells them."""

    words: tuple[str, ...]
    is_prefix: bool = False  # the last word may go on
    in_title: bool = False

    def matches(self, text: Text) -> bool:
        """Tell whether the phrase stands in ``text``."""
        first, *rest = self.words
        starts = text.beginning_with(first) if self.is_prefix and not rest else (first,)
        return any(self._stands(text, place) for word in starts for place in text.places.get(word, ()))

    def _stands(self, text: Text, start: int) -> bool:
        if self.in_title and start >= text.title_end:
            return False
        if len(self.words) == 1:
            return True
        found = tuple(text.words[start : start + len(self.words)])
        if not self.is_prefix or len(found) < len(self.words):
            return found == self.words
        return found[:-1] == self.words[:-1] and found[-1].startswith(self.words[-1])

    def anchors(self) -> frozenset[str] | None:
        """Return words of which a matching text has at least one; a trailing `*` marks a beginning. None: unknown."""
        if len(self.words) == 1:
            return frozenset({self.words[0] + "*" * self.is_prefix})
        return frozenset({max(self.words[: -1 if self.is_prefix else None], key=len)})

    def __str__(self) -> str:
        spelled = " ".join(self.words) + "*" * self.is_prefix
        is_plain = len(self.words) == 1 and self.words[0].upper() not in OPERATORS
        return "title:" * self.in_title + (spelled if is_plain else f'"{spelled}"')


@dataclass(frozen=True, slots=True)
class Not:
    """What must not hold."""

    part: "Query"

    def matches(self, text: Text) -> bool:
        """Tell whether the part does not match."""
        return not self.part.matches(text)

    def anchors(self) -> frozenset[str] | None:
        """Return None: a text may match without any word."""
        return None

    def __str__(self) -> str:
        return f"NOT {self.part}" if isinstance(self.part, Phrase | Not) else f"NOT ({self.part})"


@dataclass(frozen=True, slots=True)
class And:
    """What must all hold."""

    parts: tuple["Query", ...]

    def matches(self, text: Text) -> bool:
        """Tell whether every part matches."""
        return all(part.matches(text) for part in self.parts)

    def anchors(self) -> frozenset[str] | None:
        """Return the anchors of the part that is the rarest by its looks: few words, long ones."""
        known = [anchors for part in self.parts if (anchors := part.anchors()) is not None]
        return min(known, key=lambda anchors: (len(anchors), -min(map(len, anchors))), default=None)

    def __str__(self) -> str:
        return " AND ".join(f"({part})" if isinstance(part, And | Or) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """Of what one must hold."""

    parts: tuple["Query", ...]

    def matches(self, text: Text) -> bool:
        """Tell whether a part matches."""
        return any(part.matches(text) for part in self.parts)

    def anchors(self) -> frozenset[str] | None:
        """Return the anchors of all parts."""
        known = [part.anchors() for part in self.parts]
        return frozenset().union(*(anchors or () for anchors in known)) if None not in known else None

    def __str__(self) -> str:
        return " OR ".join(f"({part})" if isinstance(part, Or) else str(part) for part in self.parts)


Query: TypeAlias = Phrase | Not | And | Or


class Queries(Generic[Key]):
    """Many queries, asked of a text at once: only those are tried of which the text has a word they need."""

    def __init__(self, queries: Mapping[Key, Query]) -> None:
        self._queries = queries
        self._by_word: defaultdict[str, list[Key]] = defaultdict(list)
        self._by_beginning: defaultdict[str, list[Key]] = defaultdict(list)
        self._always: list[Key] = []
        for key, query in queries.items():
            self._file(key, query.anchors())
        self._lengths = sorted({len(beginning) for beginning in self._by_beginning})

    def _file(self, key: Key, anchors: frozenset[str] | None) -> None:
        if anchors is None:
            self._always.append(key)
            return
        for anchor in anchors:
            filed = self._by_beginning if anchor.endswith("*") else self._by_word
            filed[anchor.removesuffix("*")].append(key)

    def matching(self, text: Text) -> list[Key]:
        """Return the keys of the queries that ``text`` matches."""
        tried = set(self._always)
        for word in self._by_word.keys() & text.places.keys():
            tried.update(self._by_word[word])
        if self._lengths:
            beginnings = {word[:length] for word in text.places for length in self._lengths if length <= len(word)}
            for beginning in self._by_beginning.keys() & beginnings:
                tried.update(self._by_beginning[beginning])
        return [key for key in tried if self._queries[key].matches(text)]


def folded(text: str) -> list[str]:
    """Return the words of ``text`` as they are compared, in order. Linear in its length; any string is fine."""
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    return _word().findall(_fold(text))


def parse(text: str) -> Query:
    """Read a query. Raises UnusableQuery, which says what is wrong and where; never anything else."""
    if len(text) > MAX_LENGTH:
        raise UnusableQuery(f"the query has {len(text)} characters; {MAX_LENGTH} are allowed")
    return _Parser(text).query()


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of a query: a phrase, or what its text says."""

    text: str
    place: int  # of its first character, from 1
    phrase: Phrase | None = None


class _Parser:
    """Recursive descent over the pieces of one query; ``MAX_DEPTH`` bounds the recursion."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text.translate(_QUOTES)))
        self.depth = 0

    def query(self) -> Query:
        self.tokens.reverse()  # the next piece is the last of the list
        found = self._either()
        if self.tokens:
            _refuse("this closing bracket closes nothing", self.tokens[-1].place)
        return found

    def _either(self) -> Query:
        parts = [self._all()]
        while self._take("OR"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all(self) -> Query:
        parts = [self._one()]
        while self._take("AND") or (self.tokens and self.tokens[-1].text not in ("OR", ")")):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self) -> Query:
        if not self.tokens:
            raise UnusableQuery("a word is missing at the end")
        token = self.tokens.pop()
        if token.phrase:
            return token.phrase
        if token.text not in ("(", "NOT"):
            _refuse(f"a word is missing before {'the bracket' if token.text == ')' else token.text}", token.place)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            _refuse(f"brackets and NOTs are more than {MAX_DEPTH} deep", token.place)
        found = Not(self._one()) if token.text == "NOT" else self._either()
        self.depth -= 1
        if token.text == "(" and not self._take(")"):
            _refuse("this bracket is never closed", token.place)
        return found

    def _take(self, text: str) -> bool:
        if self.tokens and self.tokens[-1].phrase is None and self.tokens[-1].text == text:
            self.tokens.pop()
            return True
        return False


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TERM.finditer(text):
        place = match.start() + 1
        if match["stray"]:
            _refuse("this quotation mark is never closed", place)
        elif match["bracket"] or (match["word"] in OPERATORS and not match["field"]):
            yield _Token(match[0], place)
        else:
            yield _Token(match[0], place, _phrase(match, place))


def _phrase(match: re.Match[str], place: int) -> Phrase:
    field, quoted, bare = match["field"], match["phrase"], match["word"]
    said = quoted.strip() + match["star"] if bare is None else bare
    if field and field.lower() != "title":
        _refuse(f"there is no field {field!r}, only title; in quotes it is searched for", place)
    if bare is not None and bare.upper() in OPERATORS and not field:
        _refuse(f"write {bare.upper()} in capitals, or {bare!r} in quotes to search for it", place)
    if bare == "title:":
        _refuse("title: is followed by its word, without a space", place)
    if bare is not None and bare.startswith("-"):
        _refuse("write NOT before what must not occur", place)
    words = tuple(folded(said))
    if not words:
        _refuse(f"there is no letter or digit in {match[0]!r}", place)
    if "*" in said.rstrip("*"):
        _refuse("a * can only stand at the end of a word or phrase", place)
    return Phrase(words, is_prefix=said.endswith("*"), in_title=bool(field))


def _refuse(what: str, place: int) -> NoReturn:
    raise UnusableQuery(f"{what} (character {place} of the query)")


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()
    # The capital I with a dot folds to an i with a dot of its own: İstanbul is istanbul.
    return unicodedata.normalize("NFKC", text).replace("i\u0307", "i")


@cache
def _word() -> re.Pattern[str]:
    """Return what a word is: letters and digits, with the combining marks that Python does not count among them."""
    points = [p for p in range(0x300, 0x11000) if unicodedata.category(chr(p)) in ("Mn", "Mc")]
    runs = [[p for _, p in run] for _, run in groupby(enumerate(points), key=lambda pair: pair[1] - pair[0])]
    marks = "".join(f"{chr(run[0])}-{chr(run[-1])}" for run in runs)
    return re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}](?:[{marks}]|[^\W_{_UNSPACED}])*")

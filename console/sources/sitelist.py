"""news-please's sitelist.hjson: a reader for the HJSON (https://hjson.github.io/syntax.html) that people write there.

The library of that name is not maintained. This reader takes JSON, comments (#, //, /* */), keys and texts without
quotes, ''' texts ''' over several lines, and commas that are missing or left over.
"""

import json
import re
from typing import Any, Final

from console.sources.drafts import Bad, Draft, Read, once, web_address

# Crawlers of news-please that name pages, and no site that lists them.
SINGLE_PAGES: Final = frozenset({"download"})
MAX_DEPTH: Final = 50

_BLANK: Final = re.compile(r"(?:[\s,]+|#[^\n]*|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_QUOTED: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?!\'\')(?:[^\'\\\n]|\\.)*\'')
_BLOCK: Final = re.compile(r"'''(.*?)'''", re.DOTALL)
_KEY: Final = re.compile(r"[^\s,:\[\]{}\"']+")
_BARE: Final = re.compile(r"[^\n]*")
_WORD: Final = re.compile(r"(true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(?=[,\]}#\n]|//|/\*|$)")
_ESCAPED_QUOTE: Final = re.compile(r"\\'")


def read_sitelist(text: str) -> list[Read]:
    """Return one draft for each site of ``base_urls``."""
    reader = _Hjson(text)
    try:
        found = reader.document()
    except ValueError as error:
        return [Bad(reader.line(), f"not HJSON: {error}")]
    sites = found.get("base_urls") if isinstance(found, dict) else None
    if not isinstance(sites, list):
        return [Bad(1, "not a sitelist: it has no list `base_urls`")]
    read: list[Read] = []
    for site in sites:
        read += _drafts(site if isinstance(site, dict) else {"url": site}, reader)
    return read


def _drafts(site: dict[str, Any], reader: "_Hjson") -> list[Read]:
    line = reader.lines.get(id(site), 1)
    crawler = str(site.get("crawler", ""))
    urls = site.get("url")
    listed = [str(url) for url in (urls if isinstance(urls, list) else [urls] if urls else [])]
    if crawler.lower() in SINGLE_PAGES:
        return [Bad(line, f"crawler {crawler} names single pages, no site: {', '.join(listed)[:200]}")]
    if not listed:
        return [Bad(line, "a site without `url`")]
    return [
        Draft(line, address) if (address := web_address(url)) else Bad(line, f"no address of the web: {url[:200]}")
        for url in once(listed)
    ]


class _Hjson:
    """A walk through the text; ``lines`` says by a dictionary's id where it begins."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.at = 0
        self.lines: dict[int, int] = {}

    def document(self) -> Any:
        """Return the value of the whole text; the braces around the outermost object may be missing."""
        self.blank()
        has_braces = self.text.startswith(("{", "["), self.at)
        value = self.value(0) if has_braces else self.members(0, end="")
        self.blank()
        if self.at < len(self.text):
            raise ValueError("something follows its end")
        return value

    def value(self, depth: int) -> Any:
        self.blank()
        if depth > MAX_DEPTH:
            raise ValueError(f"nested more than {MAX_DEPTH} deep")
        if self.skip("{"):
            return self.members(depth, end="}")
        if self.skip("["):
            return self.elements(depth)
        return self.scalar()

    def members(self, depth: int, end: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self.lines[id(found)] = self.line()
        while not self.ends(end):
            key = self.quoted()
            if key is None:
                key = self.match(_KEY, "a key is missing")[0]
            self.blank()
            if not self.skip(":"):
                raise ValueError(f"no colon after {key[:50]!r}")
            found[key] = self.value(depth + 1)
        return found

    def elements(self, depth: int) -> list[Any]:
        found = []
        while not self.ends("]"):
            found.append(self.value(depth + 1))
        return found

    def scalar(self) -> Any:
        if (block := _BLOCK.match(self.text, self.at)) is not None:
            self.at = block.end()
            return block[1].strip()
        if (text := self.quoted()) is not None:
            return text
        if (word := _WORD.match(self.text, self.at)) is not None:
            self.at = word.end(1)
            return json.loads(word[1])
        if self.text[self.at : self.at + 1] in ("", "}", "]", ":"):
            raise ValueError("a value is missing")
        return self.match(_BARE, "a value is missing")[0].strip().rstrip(",")

    def quoted(self) -> str | None:
        found = _QUOTED.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        inner = found[0][1:-1]
        if found[0][0] == "'":
            inner = _ESCAPED_QUOTE.sub("'", inner).replace('"', '\\"')
        return str(json.loads(f'"{inner}"', strict=False))

    def ends(self, end: str) -> bool:
        """Step over blanks and commas; tell whether what encloses us ends here."""
        self.blank()
        if end and self.skip(end):
            return True
        if self.at >= len(self.text):
            if end:
                raise ValueError(f"{end} is missing")
            return True
        return False

    def match(self, pattern: re.Pattern[str], complaint: str) -> re.Match[str]:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise ValueError(complaint)
        self.at = found.end()
        return found

    def blank(self) -> None:
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def skip(self, token: str) -> bool:
        is_there = self.text.startswith(token, self.at)
        self.at += len(token) if is_there else 0
        return is_there

    def line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1

"""Hold what the crawl reads against inputs collected by others: feeds, robots.txt, packed bodies, addresses.

Run as ``python -m benchmarks.inputs --data FOLDER``. In the folder:

* ``feeds/feedparser``: feedparser's own test files; what they expect is in `benchmarks.expectations`;
* ``feeds/real/*.gz``: every feed must give the links that feedparser gives, in its order;
* ``robots/*.jsonl.gz`` (``body``, bytes read as latin-1): no exception, protego's decisions through the crawl's own
  path, for several agents and the paths that the files name; ``Sitemap:`` lines all http(s);
* ``http/compressed``: what is named ``bomb`` is refused, ``truncated`` or ``unexpected`` is found to be cut, the rest
  is read whole; formats that HTTP does not know are refused;
* ``urls/*.json``: cases of the WHATWG's urltestdata; every host right, every case that must fail refused.
"""

import argparse
import gzip
import io
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import feedparser
from protego import Protego

from benchmarks.expectations import Verdict, header, verdicts
from crawler.fetching.robots_rules import READ_LIMIT, RobotsRules, product_token
from crawler.fetching.unpack import NotPacked, TooLarge, Truncated, unpack
from crawler.readers.bodies import as_utf8
from crawler.readers.feeds import FeedEntries, everything, read_feed
from crawler.readers.robots_txt import sitemaps_in
from foundation.errors import UnusableUrl
from foundation.urls import absolute, host

LIMIT: Final = 8 * 1024 * 1024  # DOWNLOAD_MAXSIZE
AGENTS: Final = ("storyfold", "Googlebot", "anything")
PATHS: Final = 20  # of each robots.txt
CODINGS: Final = {"rawdeflate": "deflate", "zlibdeflate": "deflate"}
PACKED: Final = frozenset({"br", "deflate", "gzip", "zstd", *CODINGS})
SHOWN: Final = 200  # characters of a miss

Result = dict[str, Any]


def expected_of_feeds(folder: Path) -> Result:
    """Evaluate what feedparser's files expect."""
    seen: list[Verdict] = []
    files = ignored = unread = 0
    slowest, missed = 0.0, []
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "LICENSE"):
        files += 1
        body = path.read_bytes()
        text = as_utf8(body, None).decode("utf-8", "replace")
        started = time.process_time()
        listed = everything(body, header(text, "content-type"))
        slowest = max(slowest, time.process_time() - started)
        unread += not isinstance(listed, FeedEntries)
        for verdict in verdicts(text, listed if isinstance(listed, FeedEntries) else FeedEntries(())):
            if verdict is None:
                ignored += 1
                continue
            seen.append(verdict)
            if not verdict.is_met:
                line = f"{path.relative_to(folder)}: {verdict.field} {verdict.expected!r:.{SHOWN}}"
                missed.append(f"{line}, not {verdict.found!r:.{SHOWN}}")
    fields = Counter(verdict.field for verdict in seen)
    met = Counter(verdict.field for verdict in seen if verdict.is_met)
    converted = Counter(f"{verdict.field}: {verdict.conversion}" for verdict in seen if verdict.conversion)
    return {
        "files": files,
        "concern_us": len(seen),
        "met": sum(met.values()) / max(len(seen), 1),
        "by_field": {field: met[field] / count for field, count in fields.items()},
        "by_count": dict(fields),
        "converted": dict(converted),
        "of_no_concern": ignored,
        "unread": unread,
        "slowest_cpu_seconds": slowest,
        "missed": missed,
    }


def real_feeds(folder: Path) -> Result:
    """Compare the links of real feeds with feedparser's."""
    missed = []
    count = 0
    for path in sorted(folder.glob("*.gz")):
        body = gzip.decompress(path.read_bytes())
        theirs = feedparser.parse(io.BytesIO(body), resolve_relative_uris=False).entries
        ours = read_feed(body, None, "https://example.org/feed")
        links = [entry.url for entry in ours.entries] if isinstance(ours, FeedEntries) else None
        count += 1
        if links != [entry.get("link") for entry in theirs]:
            missed.append(path.name)
    return {"feeds": count, "same": 1 - len(missed) / max(count, 1), "missed": missed}


def robots(folder: Path) -> Result:
    """Compare decisions with protego's."""
    files = decisions = same = lines = 0
    missed: list[str] = []
    for path in sorted(folder.glob("*.jsonl.gz")):
        for row in map(json.loads, gzip.decompress(path.read_bytes()).splitlines()):
            body = row["body"].encode("latin-1")
            files += 1
            found = sitemaps_in(body, "https://example.org/robots.txt")
            lines += len(found)
            missed += [f"sitemap {line}" for line in found if not line.startswith(("http://", "https://"))]
            for question, ours, theirs in _decisions(body):
                decisions += 1
                same += ours == theirs
                missed += [] if ours == theirs else [f"{row['name']}: {question}"]
    return {
        "files": files,
        "decisions": decisions,
        "same": same / max(decisions, 1),
        "sitemaps": lines,
        "missed": missed,
    }


def _decisions(body: bytes) -> Iterator[tuple[str, bool, bool]]:
    """Yield agent and path with our answer and protego's; ours is asked with the name that goes over the wire."""
    ours = RobotsRules(body)
    theirs = Protego.parse(body[:READ_LIMIT].decode("utf-8-sig", "ignore"))
    text = body.decode("utf-8", "ignore")
    named = [name.strip() for name in re.findall(r"(?im)^\s*user-agent\s*:\s*([\w-]+)\s*$", text)]
    rules = re.findall(r"(?im)^\s*(?:dis)?allow\s*:\s*(/[^\s#]*)", text)
    for agent in dict.fromkeys((*AGENTS, *named[:5])):
        for path in dict.fromkeys(rule.replace("*", "x").rstrip("$") for rule in rules[:PATHS]):
            url = f"https://example.org{path}"
            allowed = ours.allowed(url, product_token(f"{agent}/1.0 (+https://example.org/bot)"))
            yield f"{agent} {path}", allowed, theirs.can_fetch(url, agent)


def compressed(folder: Path) -> Result:
    """Unpack what is packed; each file's name says what must come of it."""
    found = {path.name: (_wanted(path.name), _unpacked(path)) for path in sorted(folder.iterdir())}
    missed = [f"{name}: {came}, not {wanted}" for name, (wanted, came) in found.items() if wanted != came]
    return {"files": len(found), "as_named": 1 - len(missed) / max(len(found), 1), "missed": missed}


def _wanted(name: str) -> str:
    if name.startswith("bomb"):
        return "refused: too large"
    if name.startswith(("truncated", "unexpected")) and name.endswith(".gz"):
        return "cut, and said so"
    return "read" if name.endswith((".bin", ".gz")) else "refused: not packed so"


def _unpacked(path: Path) -> str:
    stem, suffix = path.name.partition(".")[0], path.suffix
    codings = [CODINGS.get(part, part) for part in stem.split("-")[1:] if part in PACKED] if suffix == ".bin" else []
    try:
        body = unpack(path.read_bytes(), codings or [suffix.removeprefix(".").replace("gz", "gzip")], LIMIT)
    except TooLarge:
        return "refused: too large"
    except Truncated:
        return "cut, and said so"
    except NotPacked:
        return "refused: not packed so"
    return "read" if body.lstrip()[:1] == b"<" else "garbled"


def addresses(folder: Path) -> Result:
    """Resolve the WHATWG's cases; an address of another scheme is refused like one that is none."""
    hosts = right = failing = refused = 0
    missed = []
    for path in sorted(folder.glob("*.json")):
        for case in (case for case in json.loads(path.read_text()) if isinstance(case, dict)):
            is_web = case.get("protocol") in ("http:", "https:")
            try:
                came: str | None = host(absolute(case["input"], case.get("base")))
            except UnusableUrl:
                came = None
            is_right = came == (case["hostname"].strip("[]") if is_web else None)
            hosts, right = hosts + is_web, right + (is_web and is_right)
            failing, refused = failing + (not is_web), refused + (not is_web and is_right)
            missed += [] if is_right else [f"{case['input']!r} at {case.get('base')!r}: {came!r}"]
    return {
        "hosts": hosts,
        "right": right / max(hosts, 1),
        "must_fail": failing,
        "refused": refused / max(failing, 1),
        "missed": missed,
    }


CHECKS: Final[dict[str, tuple[str, Callable[[Path], Result]]]] = {
    "expectations": ("feeds/feedparser", expected_of_feeds),
    "real_feeds": ("feeds/real", real_feeds),
    "robots": ("robots", robots),
    "compressed": ("http/compressed", compressed),
    "addresses": ("urls", addresses),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--missed", action="store_true", help="print every miss")
    options = parser.parse_args()
    results = {}
    for name, (folder, check) in CHECKS.items():
        result = check(options.data / folder)
        missed = result.pop("missed")
        results[name] = result | {"misses": len(missed)}
        print(f"{name:<14}" + "  ".join(f"{key} {_shown(value)}" for key, value in results[name].items()))
        for line in missed if options.missed else ():
            print(f"  {line}")
    print(json.dumps({"benchmark": "inputs", **results}))
    return 0


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{key} {_shown(part)}" for key, part in sorted(value.items())) + ")"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())

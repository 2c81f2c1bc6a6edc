"""Two reports of one event that share three per cent of their shingles: crawled, they end in one story, with proof.

The folder holds each report in several templates (`seed1_*.html`, `seed2_*.html`), and as text with all that stood
around it (two `*.txt`), which is served as bare paragraphs without a title. Every pair of templates, and the two texts,
are served on loopback as two sites, crawled and folded by `storyfold run`, and must end in one story, two copy groups,
with a shared quotation in the evidence, a stated source in common, which is the one origin of both, and no line of
furniture in either text.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import Final

from sqlalchemy import select

from benchmarks.web import Served, configuration, resolving, serving
from storage.engine import Database
from storage.models import Article, Membership, Reading, StatedSource, Story, StoryOrigin

ORIGIN: Final = "Politico"  # whose report both stand on, each in words of its own
FINE: Final = "one story, two copy groups, a shared quotation, one stated origin"
HOSTS: Final = ("first.test", "second.test")
# Words that only furniture has; none is in the reports.
FURNITURE: Final = (
    "advertisement", "follow us", "share this", "published by", "min read", "licensed under", "and counting",
    "/ cordon", "avatar", "by alexander", "join me", "talks with his",
)  # fmt: skip


def page(path: Path) -> bytes:
    """Return a page as it is, or a text's lines as the paragraphs of one."""
    if path.suffix == ".html":
        return path.read_bytes()
    lines = path.read_text(encoding="utf-8").splitlines()
    return "".join(f"<p>{escape(line)}</p>" for line in lines if line.strip()).encode()


def problems(first: Path, second: Path) -> list[str]:
    """Crawl and fold two pages; return what is not as it should be."""
    pages = [
        Served(host, "/2024/05/31/report.html", page(path)) for host, path in zip(HOSTS, (first, second), strict=True)
    ]
    with serving(pages) as port, tempfile.TemporaryDirectory() as folder:
        address = f"sqlite:///{folder}/seeds.db"
        config = Path(folder, "storyfold.toml")
        config.write_text(configuration(address, HOSTS, port) + "\n[crawl]\ndelay = 0\n")
        command = [sys.executable, "-m", "console.main", "--config", str(config), "run"]
        done = subprocess.run(command, env=os.environ | resolving(HOSTS), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return [f"exit code {done.returncode}: {done.stderr[-2000:]}"]
        with Database.open(address) as database, database.read() as session:
            rows = session.execute(
                select(Article.copy_group_id, Membership.story_id, Membership.evidence, Reading.text)
                .join(Membership, Membership.article_id == Article.id)
                .join(Reading, Reading.id == Membership.reading_id)
                .where(Membership.left_at.is_(None))
            ).all()
            told = session.execute(select(Story.outlets, Story.copy_groups, Story.origins)).all()
            origins = session.execute(select(StoryOrigin.origin, StoryOrigin.basis, StoryOrigin.reason)).all()
            named = session.scalars(
                select(StatedSource.reading_id)
                .join(Reading, Reading.id == StatedSource.reading_id)
                .where(StatedSource.name == ORIGIN, Reading.is_current)
                .distinct()
            ).all()
    found = []
    if len(rows) != 2:
        return [f"{len(rows)} articles"]
    if len({row.story_id for row in rows}) != 1:
        found.append("not in one story")
    if len({row.copy_group_id for row in rows}) != 2:
        found.append("not in two copy groups")
    if not all(row.evidence.get("quotes") for row in rows):
        found.append("no shared quotation in the evidence")
    if len(named) != 2:
        found.append(f"{len(named)} of 2 name their common source")
    if [tuple(counts) for counts in told] != [(2, 2, 1)]:
        found.append(f"outlets, own texts, origins: {told}")
    if {(row.origin, row.basis) for row in origins} != {(ORIGIN, "stated")}:
        found.append(f"origins: {[row.reason for row in origins]}")
    found += [f"furniture: {words!r}" for row in rows for words in FURNITURE if words in row.text.lower()]
    return found


def main() -> int:
    """Try every pair of templates; 1 if one fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds seeds/*.html")
    folder = parser.parse_args().data / "seeds"
    results = {}
    pairs = [*itertools.product(*(sorted(folder.glob(f"seed{number}_*.html")) for number in (1, 2)))]
    for first, second in [*pairs, sorted(folder.glob("*.txt"))]:
        results[f"{first.stem} + {second.stem}"] = found = problems(first, second)
        print(f"{first.stem} + {second.stem}: {'; '.join(found) or FINE}")
    print(json.dumps({"benchmark": "seeds", "pairs": len(results), "failed": sum(map(bool, results.values()))}))
    return 1 if any(results.values()) or not results else 0


if __name__ == "__main__":
    sys.exit(main())

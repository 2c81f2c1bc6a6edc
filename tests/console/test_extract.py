"""`storyfold extract` on a file, a folder and JSON lines."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from console.extract import extract
from foundation.errors import UsageError
from tests.pipelines.writing import STORY, page

FIELDS = {
    *(
        "id",
        "url",
        "reason",
        "kind",
        "title",
        "text",
        "blocks",
        "authors",
        "published_at",
        "published_from",
        "modified_at",
    ),
    *(
        "language",
        "canonical_url",
        "site_name",
        "section",
        "agency",
        "is_free",
        "byline",
        "bio",
        "credits",
        "stated_sources",
    ),
}
FOOT = "Tide tables for all harbours of the sound"


def run(pages: Path, out: Path, *options: str) -> list[dict[str, Any]]:
    app = typer.Typer()
    app.command()(extract)
    said = CliRunner().invoke(app, [str(pages), "--out", str(out), "--workers", "1", *options], catch_exceptions=False)
    assert said.exit_code == 0, said.output
    text = said.stdout if str(out) == "-" else out.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def folder(tmp_path: Path) -> Path:
    """Four pages of one site under one footer, and one page that is none."""
    (tmp_path / "html").mkdir()
    names = ("Whale", "Storm", "Lamp", "Gull")
    stories = {
        f"p{n}": page([f"{name} watch: {line}" for line in STORY], after=f"<p>{FOOT}</p>")
        for n, name in enumerate(names)
    }
    for name, html in {**stories, "q": ""}.items():
        (tmp_path / "html" / f"{name}.html.gz").write_bytes(gzip.compress(html.encode()))
    with gzip.open(tmp_path / "truth.jsonl.gz", "wt", encoding="utf-8") as truth:
        for name in reversed(stories):
            truth.write(json.dumps({"id": name, "url": f"https://courier.example/{name}", "text": "never read"}) + "\n")
    return tmp_path


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    lines = run(folder(tmp_path), tmp_path / "out.jsonl")
    assert [line["id"] for line in lines] == ["p0", "p1", "p2", "p3", "q"]
    assert [line["reason"] for line in lines] == [None] * 4 + ["empty"]
    assert lines[2]["url"] == "https://courier.example/p2"
    assert all(line.keys() >= FIELDS for line in lines)
    assert not list(tmp_path.glob("*.part"))


def test_pages_of_a_site_teach_each_other_unless_told_not_to(tmp_path: Path) -> None:
    pages = folder(tmp_path)
    with_memory, without = run(pages, tmp_path / "a"), run(pages, tmp_path / "b", "--no-site-memory")
    assert FOOT not in with_memory[0]["text"]
    assert {"text": FOOT, "label": "site", "rule": "site_memory", "said_at": None} in with_memory[0]["blocks"]
    assert FOOT in without[0]["text"]


def test_one_file_goes_to_standard_output(tmp_path: Path) -> None:
    file = tmp_path / "bridge.html"
    file.write_text(page(STORY, head="<link rel='canonical' href='/bridge'>"), encoding="utf-8")
    (line,) = run(file, Path("-"), "--url", "https://courier.example/x")
    assert (line["id"], line["canonical_url"]) == ("bridge", "https://courier.example/bridge")
    assert line["text"] == "\n\n".join(STORY)
    assert [block["label"] for block in line["blocks"]] == ["text"] * len(STORY)


@pytest.mark.parametrize("name", ["pages.jsonl", "pages.jsonl.gz"])
def test_json_lines_are_read_in_order(tmp_path: Path, name: str) -> None:
    written = "\n".join(
        json.dumps({"id": n, "url": f"https://courier.example/{n}", "html": page(STORY)}) for n in (3, 1, 2)
    )
    (tmp_path / name).write_bytes(gzip.compress(written.encode()) if name.endswith("gz") else written.encode())
    assert [line["id"] for line in run(tmp_path / name, tmp_path / "out")] == ["3", "1", "2"]


def test_a_line_that_is_no_page_is_refused_with_its_number(tmp_path: Path) -> None:
    (tmp_path / "pages.jsonl").write_text('{"id": 1, "html": ""}\n[]\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"pages\.jsonl:2"):
        run(tmp_path / "pages.jsonl", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_not_compressed_as_it_says_is_a_reason(tmp_path: Path) -> None:
    (tmp_path / "a.html.gz").write_bytes(b"<p>not gzip")
    (line,) = run(tmp_path, tmp_path.parent / "out")
    assert (line["id"], line["reason"]) == ("a", "failed")


def test_an_address_for_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--url"):
        run(folder(tmp_path), tmp_path / "out", "--url", "https://courier.example/")


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        run(tmp_path / "missing.html", tmp_path / "out")

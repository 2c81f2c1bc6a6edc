"""`storyfold fold`: the ids are the file's own, a bad line is named, and an article without a time finds its copies."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from console.fold import fold
from console.output import line_writer, shown
from foundation.errors import UsageError
from tests.pipelines.arriving import made_text


def article(name: str | int, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "time": "2026-06-01",
        "source": "A",
        "url": "",
        "lang": "en",
        "title": "",
        "body": made_text(1),
    } | more


def folded(tmp_path: Path, *articles: dict[str, Any]) -> dict[str | int, dict[str, Any]]:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps(line) + "\n" for line in articles))
    fold(source, out)
    return {line["id"]: line for line in map(json.loads, out.read_text().splitlines())}


def test_an_article_without_a_time_is_grouped_with_its_copies_whenever_these_were(tmp_path: Path) -> None:
    places = folded(tmp_path, article("old", time="2016-01-01"), article("none", time=""), article("null", time=None))
    assert len({place["copy_group"] for place in places.values()}) == 1


def test_ids_come_back_as_they_were_given_in_the_reasons_too(tmp_path: Path) -> None:
    places = folded(tmp_path, article(7), article("7"), article("late", time="2026-06-02"))
    assert set(places) == {7, "7", "late"}
    assert places["late"]["evidence"]["via"] in (7, "7")
    assert f"article {places['late']['evidence']['via']}" in places["late"]["evidence"]["reason"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        pytest.param('{"id": "a"}\n{"id": "a"}', "in.jsonl:2: id 'a' is on line 1 already", id="repeated"),
        pytest.param('{"id": null}', "in.jsonl:1: id: expected", id="no id"),
        pytest.param('{"id": "a", "time": "soon"}', "in.jsonl:1: time: expected ISO 8601", id="no time"),
        pytest.param('{"id": "a", "time": "0001-01-01T00:00:00+14:00"}', "in.jsonl:1: time:", id="before all time"),
        pytest.param("[" * 100_000, "in.jsonl:1: not JSON", id="nested"),
        pytest.param('{"id": "a", "body": 5}', "in.jsonl:1: body: expected a text, found int", id="no text"),
    ],
)
def test_a_line_that_is_no_article_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(line)
    with pytest.raises(UsageError, match=r"in\.jsonl") as raised:
        fold(source, tmp_path / "out.jsonl")
    assert complaint in str(raised.value)
    assert list(tmp_path.iterdir()) == [source]


def test_a_file_that_is_cut_off_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl.gz"
    source.write_bytes(gzip.compress(json.dumps(article("a")).encode())[:-20])
    with pytest.raises(UsageError):
        fold(source, tmp_path / "out.jsonl")


def test_a_link_is_written_through_and_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("")
    link.symlink_to(target)
    with line_writer(link) as write:
        write("a line")
    assert link.is_symlink()
    assert target.read_text() == "a line\n"
    with pytest.raises(UsageError, match="No such file"), line_writer(tmp_path / "nowhere" / "out"):
        pass


def test_a_file_is_not_there_before_it_is_whole(tmp_path: Path) -> None:
    def fails_after_a_line() -> None:
        with line_writer(tmp_path / "out") as write:
            write("a line")
            raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        fails_after_a_line()
    assert not list(tmp_path.iterdir())


def test_nothing_a_page_says_steers_a_terminal() -> None:
    assert shown("Ferry \x1b[2J\x9b31m \u202eoops") == "Ferry  [2J 31m  oops"

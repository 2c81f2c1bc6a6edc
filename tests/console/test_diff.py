"""`storyfold diff`: two texts side by side, in a pipe, in colour, folded, and two versions of one article."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from storage.engine import Database
from tests.console.cli import Cli
from tests.pipelines.arriving import Arrival, arrive, made_text

LEAD = "The bridge over the Tolland was closed on Monday after inspectors found cracks in two of its piers."
NEWER = LEAD.replace("closed on Monday", "shut on Monday evening")
SAME = [f"Paragraph number {word} stands in both of them." for word in ("one", "two", "three", "four", "five", "six")]
OWN = "Growers expect the largest apple harvest in a decade."
MOVED = "Ferries will carry commuters across the river while engineers examine the damaged crossing."


@pytest.fixture
def ids(database: Database, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, int]:
    """Two articles that share most; a hostile one; and one of two versions."""
    monkeypatch.setenv("STORYFOLD_DATABASE", database.engine.url.render_as_string(hide_password=False))
    one = Arrival("https://courier.example/a", "\n".join([MOVED, LEAD, *SAME]), "Bridge closed", source="Courier")
    other = Arrival(
        "https://gazette.example/a", "\n".join([NEWER, *SAME, OWN, MOVED]), "Bridge shut", 0.2, source="Gazette"
    )
    hostile = Arrival("https://evil.example/a", "Steer \x1b[31m the [bold]terminal[/bold]", "Evil", source="Evil")
    arrived = arrive(database, one, other, hostile)
    arrive(database, Arrival("https://evil.example/a", "Steer the terminal well", "Good", source="Evil"))
    return {url.split(".")[0].removeprefix("https://"): article for url, article in arrived.items()}


GOLDEN = f"""\
< 1  Bridge closed
     Courier, 2026-06-01 12:00 UTC, 79 words
> 2  Bridge shut
     Gazette, 2026-06-01 12:12 UTC, 89 words
Jaccard 0.66 of word triples; 96% of 1's words stand in 2, 85% of 2's in 1.
= shared, ~ changed, < only in the first, > only in the second; within a paragraph [-only in the first-], \
{{+only in the second+}}; [~these~] and {{~these~}} stand elsewhere in the other

< [~{MOVED}~]
~ The bridge over the Tolland was [-closed-] {{+shut+}} on Monday {{+evening+}} after inspectors found cracks in two \
of its piers.
= {SAME[0]}
  … 4 paragraphs shared …
= {SAME[5]}
> {OWN}
> {{~{MOVED}~}}
"""


def test_a_small_case_is_told_as_people_read_it(cli: Cli, ids: Mapping[str, int]) -> None:
    assert cli("diff", str(ids["courier"]), "https://gazette.example/a", "--context", "1").out == GOLDEN


def test_shared_paragraphs_are_folded_unless_all_are_wanted(cli: Cli, ids: Mapping[str, int]) -> None:
    def shown(*options: str) -> list[str]:
        return [line for line in SAME if line in cli("diff", "1", "2", *options).out]

    assert shown("--context", "0") == []
    assert shown() == [*SAME[:2], *SAME[4:]]
    assert shown("--all") == SAME


def test_json_has_all_of_both_texts(cli: Cli, ids: Mapping[str, int]) -> None:
    told = json.loads(cli("diff", "1", "2", "--json").out)
    assert (told["a"]["outlet"], told["b"]["title"], told["is_whole"]) == ("Courier", "Bridge shut", True)
    assert [row["kind"] for row in told["rows"]] == ["only_a", "changed", *["shared"] * 6, "only_b", "only_b"]
    kinds = [piece["kind"] for piece in told["rows"][1]["pieces"]]
    assert kinds == ["shared", "only_a", "only_b", "shared", "only_b", "shared"]
    assert 0 < told["jaccard"] < told["share_b"] < told["share_a"] < 1


@pytest.mark.parametrize(
    ("environment", "has_colour"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colour_stands_where_the_terminal_has_it_and_marks_elsewhere(
    cli: Cli, ids: Mapping[str, int], monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], has_colour: bool
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (environment | {"TERM": "xterm-256color", "COLUMNS": "200"}).items():
        monkeypatch.setenv(name, value)
    out, err = cli.process("diff", "1", "2").communicate(timeout=60)
    assert not err
    assert ("\x1b[31mclosed\x1b[0m" in out) is has_colour
    assert ("[-closed-] {+shut+}" in out) is not has_colour
    assert ("\x1b[3" in out) is has_colour


def test_two_versions_of_an_article_are_compared(cli: Cli, ids: Mapping[str, int]) -> None:
    article = ids["evil"]
    told = json.loads(cli("diff", f"{article}@1", str(article), "--json").out)
    assert [(told[name]["name"], told[name]["title"]) for name in "ab"] == [
        (f"{article}@1", "Evil"),
        (f"{article}", "Good"),
    ]
    assert json.loads(cli("diff", "https://evil.example/a@1", f"{article}@2", "--json").out)["rows"] == told["rows"]


def test_a_pages_text_cannot_drive_the_terminal(cli: Cli, ids: Mapping[str, int]) -> None:
    shown = cli("diff", f"{ids['evil']}@1", str(ids["evil"])).out
    assert "\x1b" not in shown
    assert "[bold]" in shown


def test_the_same_words_are_said_to_be_the_same(cli: Cli, database: Database, ids: Mapping[str, int]) -> None:
    arrive(database, Arrival("https://twin.example/a", "\n".join([MOVED, LEAD.upper(), *SAME])))
    shown = cli("diff", "1", "https://twin.example/a").out
    assert shown.endswith("The same words in the same order.\n")


def test_what_is_too_much_to_show_is_counted(cli: Cli, database: Database, ids: Mapping[str, int]) -> None:
    parts = [made_text(seed, 12) for seed in range(400)]
    long = made_text(1, 500).replace(".", "")
    arrive(database, Arrival("https://long.example/a", "\n".join([long, *parts])))
    shown = cli("diff", "https://long.example/a", "1").out
    assert "… 460 words …" in shown
    assert "paragraphs more; `--all` shows them." in shown
    assert len(shown.splitlines()) < 220
    whole: Any = cli("diff", "https://long.example/a", "1", "--all").out
    assert all(part in whole for part in parts)


@pytest.mark.parametrize(
    ("a", "b", "says"),
    [
        ("1", "1", "both are article 1"),
        ("1", "999", "there is no article 999"),
        ("1@7", "2", "article 1 has no version 7: it has 1"),
        ("1", "nowhere", "neither an article's id nor an address"),
    ],
)
def test_what_cannot_be_compared_is_a_usage_error(cli: Cli, ids: Mapping[str, int], a: str, b: str, says: str) -> None:
    said = cli("diff", a, b)
    assert (said.code, said.out) == (2, "")
    assert says in said.err

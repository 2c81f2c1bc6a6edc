"""`storyfold review`: what is asked at a terminal, listed elsewhere, answered by name, and what it measures."""

import io
import json
import sys
from typing import Any

import pytest

from console import review
from pipelines.fold.process import LOCK, fold
from pipelines.fold.rules import FoldRules
from storage.engine import Database
from storage.lease import exclusive
from tests.console.cli import Cli, Said
from tests.dedup import made
from tests.pipelines.arriving import Arrival, arrive
from tests.pipelines.test_decisions import STRICT, report

QUOTING = Arrival("orrick-b", made.REPORT_B[1].replace("\n\n", "\n"), made.REPORT_B[0], 1, "Outlet orrick-b")
MISSES = "[stories]\nthreshold = 0.95\n"


class Terminal(io.StringIO):
    """What somebody types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def here(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """One story of two reports, which scores joined, and one of its own."""
    monkeypatch.setenv("STORYFOLD_DATABASE", database.engine.url.render_as_string(hide_password=False))
    arrive(database, report("orrick-a"), QUOTING, report("1", 2))
    fold(database, FoldRules())
    return database


@pytest.fixture
def apart(database: Database, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Two reports of one event, under settings that join nothing."""
    monkeypatch.setenv("STORYFOLD_DATABASE", database.engine.url.render_as_string(hide_password=False))
    cli.configure(MISSES)
    arrive(database, report("orrick-a"), report("orrick-b", 1), report("1", 2))
    fold(database, STRICT)
    return database


def told(cli: Cli, *arguments: object) -> Any:
    said = cli(*map(str, arguments), "--json")
    assert said.code == 0, said.err
    return json.loads(said.out)


def typed(cli: Cli, lines: str, *arguments: str) -> Said:
    cli.monkeypatch.setattr("sys.stdin", Terminal(lines))
    said = cli("review", *arguments)
    assert said.code == 0, said.err
    return said


def articles(cli: Cli) -> list[int]:
    return sorted(one["articles"] for one in told(cli, "stories"))


def test_a_join_is_listed_with_what_its_reports_share(cli: Cli, here: Database) -> None:
    listed = told(cli, "review")
    (question,) = listed["questions"]
    assert (question["kind"], question["question"]) == (
        "least_certain",
        f"{question['a']['article']}-{question['b']['article']}",
    )
    assert (listed["precision"], {question["a"]["article"], question["b"]["article"]}) == ([], {1, 2})
    assert question["a"].keys() == {"article", "title", "outlet", "at", "url", "story"}
    assert "Orrick" in question["in_common"]["names"]
    assert question["in_common"]["quotes"][0]["words"] > 10
    out = cli("review").out
    assert "a join, among the least certain" in out
    assert "Orrick council lets crews use county pumps against flood\n     Outlet orrick-a, 2026-06-01 12:00 UTC" in out
    assert f"  {question['reason']}\n" in out
    for shared in ("Shared names: ", "Shared phrases: ", "Shared quotation ("):
        assert shared in out
    assert out.endswith(
        "Nothing is measured yet: no answer stands.\n`storyfold review QUESTION yes`, or no, answers one.\n"
    )


def test_no_splits_says_who_and_why_and_is_undone(cli: Cli, here: Database) -> None:
    name = told(cli, "review")["questions"][0]["question"]
    answered = told(cli, "review", name, "no", "--why", "two floods", "--by", "ana")
    assert (answered["answer"], answered["kind"], answered["took_effect"]) == ("no", "least_certain", True)
    assert answered["precision"][0] | {"low": 0, "high": 0} == {
        "kind": "least_certain",
        "answers": 1,
        "rightly": 0,
        "share": 0.0,
        "low": 0,
        "high": 0,
    }
    assert articles(cli) == [1, 1, 1]
    (decision,) = told(cli, "decisions")
    assert (decision["kind"], decision["decided_by"], decision["why"]) == ("split", "ana", "two floods")
    assert told(cli, "review")["questions"] == []
    assert "Nothing is left to ask." in cli("review").out
    told(cli, "undo")
    assert articles(cli) == [1, 2]
    assert told(cli, "review")["questions"][0]["question"] == name


def test_a_terminal_is_asked_on_standard_error(cli: Cli, here: Database) -> None:
    said = typed(cli, "what\ny\n")
    assert said.err == 2 * "One event? [y]es, [n]o, [s]kip, [q]uit: "
    assert "Decision 1 stands; `storyfold undo 1` takes it back." in said.out
    assert said.out.endswith(
        "1 of 1 of the least certain joins are right; the others are surer: 100.0% (95 % interval 20.7% to 100.0%)\n"
    )
    assert "Nothing is left to ask." in typed(cli, "").out
    assert articles(cli) == [1, 2]


@pytest.mark.parametrize("lines", ["s\n", "q\n", ""])
def test_skipping_and_leaving_answer_nothing(cli: Cli, here: Database, lines: str) -> None:
    assert "Nothing is measured yet" in typed(cli, lines).out
    assert told(cli, "decisions") == []
    assert len(told(cli, "review")["questions"]) == 1


def test_a_near_miss_is_merged_or_kept_apart(cli: Cli, apart: Database) -> None:
    (question,) = told(cli, "review")["questions"]
    assert (question["question"], question["kind"]) == ("2-1", "miss")
    assert "a near miss" in cli("review").out
    said = cli("review", "2-1", "no")
    assert "1 of 1 of the nearest misses are rightly apart: 100.0%" in said.out
    cli.configure()
    told(cli, "rebuild")
    assert articles(cli) == [1, 1, 1]
    told(cli, "undo")
    assert articles(cli) == [1, 2]


def test_yes_to_a_near_miss_merges(cli: Cli, apart: Database) -> None:
    said = typed(cli, "yes\n", "--by", "ana")
    assert "Decision 1 stands" in said.out
    assert "0 of 1 of the nearest misses are rightly apart: 0.0% (95 % interval 0.0% to 79.3%)" in said.out
    assert articles(cli) == [1, 2]
    assert [(one["kind"], one["decided_by"]) for one in told(cli, "decisions")] == [("merge", "ana")]


def test_a_sample_measures_all_joins(cli: Cli, here: Database) -> None:
    (question,) = told(cli, "review", "--sample")["questions"]
    assert (question["kind"], question["question"]) == ("drawn", "2-1")
    said = cli("review", "--sample", "2-1", "yes")
    assert "1 of 1 joins drawn by lot are right: 100.0% (95 % interval 20.7% to 100.0%)" in said.out
    assert told(cli, "review", "--sample")["questions"] == []


def test_what_is_not_asked_cannot_be_answered(cli: Cli, here: Database) -> None:
    for arguments, message in (
        (("2-3", "yes"), "2-3 is not among the questions"),
        (("nonsense", "no"), "nonsense is not among the questions"),
        (("1-2",), "the answer is missing: `storyfold review 1-2 yes`, or no"),
    ):
        said = cli("review", *arguments)
        assert (said.code, said.out) == (2, "")
        assert message in said.err
    assert cli("review", "1-2", "maybe").code == 2


def test_an_answer_beside_a_running_fold_waits(cli: Cli, here: Database) -> None:
    with exclusive(here, LOCK):
        said = typed(cli, "no\n")
    assert "A fold is under way" in said.err
    assert articles(cli) == [1, 2]
    fold(here, FoldRules())
    assert articles(cli) == [1, 1, 1]


def test_what_another_decision_parts_at_the_next_fold_is_not_asked(cli: Cli, here: Database) -> None:
    with exclusive(here, LOCK):
        told(cli, "split", 1, 2)
        assert told(cli, "review")["questions"] == []
    told(cli, "undo")


def test_a_question_that_was_overtaken_while_somebody_read_it_is_passed_over(
    cli: Cli, here: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = review.Reviewer.told

    def overtaken(*arguments: Any) -> Any:
        found = asked(*arguments)
        told(cli, "split", 1, 2)
        cli.monkeypatch.setattr(sys, "stdin", Terminal("yes\n"))
        return found

    monkeypatch.setattr(review.Reviewer, "told", overtaken)
    said = typed(cli, "")
    assert "2-1 is no question any more" in said.err or "1-2 is no question any more" in said.err
    assert "Nothing is measured yet" in said.out

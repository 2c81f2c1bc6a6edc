"""`storyfold review`: the joins and misses most in need of a look, one by one, and how often stories are right."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Annotated, Any, Final, Literal

import typer
from sqlalchemy import text
from sqlalchemy.orm import Session

from console.articles import find, utc
from console.decide import By, Json, Why, carry_out, user
from console.explain import in_common, likeness
from console.output import err, note, print_json, records, say
from console.session import now, reading, require_database, writing
from foundation.config import Settings, load_settings
from foundation.errors import UsageError
from pipelines.fold.missing import nearest_misses
from pipelines.fold.reviewing import DRAWN, LEAST_CERTAIN, MISS, Question, answer, drawn, least_certain
from pipelines.fold.rules import fold_rules
from storage.engine import Database

LIMIT: Final = 20
MOST: Final = 1_000  # questions of a kind, among which the one that is answered is looked for
PRECISION: Final = text("SELECT * FROM review_precision ORDER BY kind")
SHOWN: Final = ("article", "title", "outlet", "at", "url", "story")
ASKED: Final = {DRAWN: "a join, by lot", LEAST_CERTAIN: "a join, among the least certain", MISS: "a near miss"}
MEASURED: Final = {
    DRAWN: "joins drawn by lot are right",
    LEAST_CERTAIN: "of the least certain joins are right; the others are surer",
    MISS: "of the nearest misses are rightly apart",
}
PROMPT: Final = "One event? [y]es, [n]o, [s]kip, [q]uit: "


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who answers, and by which settings stories are computed then."""

    settings: Settings
    by: str
    why: str

    def queue(self, session: Session, limit: int, *, by_lot: bool) -> list[Question]:
        """Return what to ask: joins drawn by lot, or the least certain joins and the nearest misses in turn."""
        if by_lot:
            return drawn(session, limit)
        joins, misses = least_certain(session, limit), nearest_misses(session, fold_rules(self.settings), limit)
        return [one for both in zip_longest(joins, misses) for one in both if one is not None]

    def named(self, session: Session, name: str, *, by_lot: bool) -> Question:
        """Return one of the questions that are asked: answers to others would make the figures better or worse."""
        joins = drawn if by_lot else least_certain
        for one in joins(session, MOST):
            if one.name == name:
                return one
        for one in () if by_lot else nearest_misses(session, fold_rules(self.settings), MOST):
            if one.name == name:
                return one
        raise UsageError(f"{name} is not among the questions; `storyfold review --json` lists them")

    def give(self, database: Database, question: Question, *, is_one_event: bool) -> tuple[int, bool]:
        """Give an answer; return the decision's number, and whether stories are computed anew already."""

        def given(session: Session) -> int:
            return answer(session, question, is_one_event=is_one_event, by=self.by, why=self.why, now=now())

        return carry_out(database, fold_rules(self.settings), given)

    def told(self, session: Session, question: Question) -> dict[str, Any]:
        """Return a question with all that helps to answer it."""
        a, b = (find(session, str(article)) for article in (question.a, question.b))
        found = likeness(session, a, b, self.settings)
        return {
            "question": question.name,
            "kind": question.kind,
            "score": question.score,
            "needed": question.needed,
            "reason": question.reason,
            "a": {name: value for name, value in a.public().items() if name in SHOWN},
            "b": {name: value for name, value in b.public().items() if name in SHOWN},
            "in_common": {name: found[name] for name in ("terms", "phrases", "names", "quotes")},
        }


def review(
    question: Annotated[str | None, typer.Argument(metavar="[QUESTION]", help="As the list names it: 12-15.")] = None,
    said: Annotated[
        Literal["yes", "no"] | None, typer.Argument(metavar="[yes|no]", help="Whether its two reports tell one event.")
    ] = None,
    by_lot: Annotated[
        bool, typer.Option("--sample", help="Joins drawn by lot instead: what measures the precision of all joins.")
    ] = False,
    limit: Annotated[int, typer.Option(help="Ask so many of a kind.", min=1, max=MOST)] = LIMIT,
    why: Why = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """Ask whether two reports tell one event: the least certain joins and the nearest misses, worst first.

    An answer is a decision, as merge and split give them. At a terminal you are asked; else the questions are listed,
    and `storyfold review 12-15 no` answers one of them.
    """
    reviewer = Reviewer(load_settings(), by or user(), why)
    require_database(reviewer.settings.database)
    if question is not None:
        if said is None:
            raise UsageError(f"the answer is missing: `storyfold review {question} yes`, or no")
        _answer(reviewer, question, is_one_event=said == "yes", by_lot=by_lot, as_json=as_json)
    elif sys.stdin.isatty() and not as_json:
        _ask(reviewer, limit, by_lot=by_lot)
    else:
        _list(reviewer, limit, by_lot=by_lot, as_json=as_json)


def _list(reviewer: Reviewer, limit: int, *, by_lot: bool, as_json: bool) -> None:
    with reading(reviewer.settings) as database, database.read() as session:
        questions = [reviewer.told(session, one) for one in reviewer.queue(session, limit, by_lot=by_lot)]
        precision = _precision(session)
    if as_json:
        print_json({"precision": precision, "questions": questions})
        return
    for one in questions:
        _show(one)
    say(*_measured(precision))
    say("`storyfold review QUESTION yes`, or no, answers one." if questions else "Nothing is left to ask.")


def _answer(reviewer: Reviewer, name: str, *, is_one_event: bool, by_lot: bool, as_json: bool) -> None:
    with writing(reviewer.settings) as database:
        with database.read() as session:
            question = reviewer.named(session, name, by_lot=by_lot)
        number, took_effect = reviewer.give(database, question, is_one_event=is_one_event)
        with database.read() as session:
            precision = _precision(session)
    if as_json:
        given = {"question": name, "kind": question.kind, "answer": "yes" if is_one_event else "no"}
        print_json(given | {"decision": number, "took_effect": took_effect, "precision": precision})
        return
    _confirm(number, took_effect)
    say(*_measured(precision))


def _ask(reviewer: Reviewer, limit: int, *, by_lot: bool) -> None:
    """Ask one after the other, until all are answered or somebody has had enough."""
    with writing(reviewer.settings) as database:
        with database.read() as session:
            questions = reviewer.queue(session, limit, by_lot=by_lot)
        for question in questions:
            with database.read() as session:
                told = reviewer.told(session, question)
            if (told["a"]["story"] == told["b"]["story"]) is (question.kind == MISS):
                continue  # an answer before this one has moved it
            _show(told)
            said = _prompted()
            if said == "quit":
                break
            if said == "skip":
                continue
            try:
                _confirm(*reviewer.give(database, question, is_one_event=said == "yes"))
            except UsageError as error:  # another decision is against it; the other questions are not concerned
                note(str(error))
        with database.read() as session:
            say(*_measured(_precision(session)))
    if not questions:
        say("Nothing is left to ask.")


def _prompted() -> str:
    """Return `yes`, `no`, `skip` or `quit`; the end of input is the last."""
    while True:
        err.print(PROMPT, end="", markup=False)
        if not (line := sys.stdin.readline()):
            return "quit"
        said = line.strip().lower()
        for word in ("yes", "no", "skip", "quit"):
            if said and word.startswith(said):
                return word


def _precision(session: Session) -> list[dict[str, Any]]:
    return records(session.execute(PRECISION).mappings())


def _measured(precision: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the shares in words: with the interval that holds the true one in 95 of 100 reviews."""
    return [
        f"{row['rightly']} of {row['answers']} {MEASURED[row['kind']]}: {row['share']:.1%} "
        f"(95 % interval {row['low']:.1%} to {row['high']:.1%})"
        for row in precision
    ] or ["Nothing is measured yet: no answer stands."]


def _show(told: Mapping[str, Any]) -> None:
    say(f"{told['question']}: {ASKED[told['kind']]}")
    for one in (told["a"], told["b"]):
        say(
            f"  {one['article']}  {one['title']}",
            f"     {one['outlet']}, {utc(one['at'])} · story {one['story']} · {one['url']}",
        )
    say(f"  {told['reason']}", *(f"  {line}" for line in in_common(told["in_common"])), "")


def _confirm(number: int, took_effect: bool) -> None:
    say(f"Decision {number} stands; `storyfold undo {number}` takes it back.")
    if not took_effect:
        note("A fold is under way: it moves the articles when it comes to them.")

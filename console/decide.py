"""`storyfold merge | split | pin | rename | undo | decisions`: what an operator says of stories, and that stands."""

import getpass
import os
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer
from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from console.articles import find
from console.output import note, print_json, print_table, records, say
from console.session import now, reading, require_database, writing
from foundation.config import load_settings
from foundation.errors import UsageError
from pipelines.fold import deciding
from pipelines.fold.deciding import Verdict
from pipelines.fold.record import successor
from pipelines.fold.rules import FoldRules, fold_rules
from storage.engine import Database
from storage.lease import exclusive
from storage.models import Decision, DecisionLink, Membership

LARGEST: Final = 2**63 - 1
LIST: Final = "SELECT * FROM decisions WHERE undone_at IS NULL OR :all = 1 ORDER BY decision DESC"
STORIES: Final = text("SELECT story, title, articles FROM stories WHERE story IN :stories ORDER BY story").bindparams(
    bindparam("stories", expanding=True)
)
COLUMNS: Final = {
    "decision": "decision",
    "kind": "kind",
    "story": "story",
    "title": "title",
    "decided_by": "by",
    "decided_at": "at (UTC)",
    "why": "why",
    "undone_at": "undone (UTC)",
    "undone_by": "undone by",
}

Story = Annotated[
    int, typer.Argument(metavar="STORY", min=1, max=LARGEST, help="A story's id; one that was merged leads on.")
]
Why = Annotated[str, typer.Option(help="The reason, kept with the decision.")]
By = Annotated[str, typer.Option(help="Who decides. [default: the user of this machine]", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def merge(
    a: Annotated[str, typer.Argument(metavar="A", help="A story's id, or an article's address.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another's.")],
    articles: Annotated[bool, typer.Option("--articles", help="A and B are ids of articles, not of stories.")] = False,
    why: Why = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """Say that two stories tell one event: all reports that stand in either stay together from now on.

    The id of the larger story stays, and the other leads to it. Of two articles: these two stay together, and the other
    reports of their stories follow by likeness.
    """
    are_numbers = a.isdecimal(), b.isdecimal()
    if not articles and are_numbers == (True, True):
        _decide(lambda session: deciding.merge_stories(session, _number(a), _number(b)), by, why, as_json)
    elif articles or are_numbers == (False, False):
        _decide(
            lambda session: deciding.merge_articles(session, find(session, a).article, find(session, b).article),
            by,
            why,
            as_json,
        )
    else:
        raise UsageError("one is a number and the other an address: with --articles, numbers are articles' ids")


def split(
    story: Story,
    articles: Annotated[list[str], typer.Argument(metavar="ARTICLE…", help="Ids or addresses of those that leave.")],
    why: Why = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """Move articles out of a story into one of their own; likeness never brings them back to those that stay.

    All that print their texts leave with them. The id stays with the larger part.
    """
    _decide(
        lambda session: deciding.split(session, story, [find(session, one).article for one in articles]),
        by,
        why,
        as_json,
    )


def pin(story: Story, why: Why = "", by: By = "", as_json: Json = False) -> None:
    """Keep a story as it is: its reports stay, its id stays, and nothing joins it but copies of its texts."""
    _decide(lambda session: deciding.pin(session, story), by, why, as_json)


def rename(
    story: Story,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="The title it is to have.")],
    why: Why = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """Give a story a title, which stays with it, and with the story it is merged into."""
    _decide(lambda session: deciding.rename(session, story, title), by, why, as_json)


def undo(
    decision: Annotated[
        int | None, typer.Argument(metavar="[DECISION]", min=1, max=LARGEST, help="[default: the latest that stands]")
    ] = None,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Undo a decision: stories are computed again as if it had never been given."""

    def undone(session: Session) -> int:
        return deciding.undo(session, decision, by=by or user(), now=now()).id

    _take_effect(undone, "is undone", as_json)


def decisions(
    show_all: Annotated[bool, typer.Option("--all", help="Those that were undone, too.")] = False,
    as_json: Json = False,
) -> None:
    """List the decisions that stand, the latest first: who decided what, and why."""
    with reading() as database, database.read() as session:
        found = records(session.execute(text(LIST), {"all": int(show_all)}).mappings())
    if as_json:
        print_json(found)
    elif found:
        undone = ("undone_at", "undone_by")
        print_table(found, {key: head for key, head in COLUMNS.items() if show_all or key not in undone})
    else:
        say("No decision stands. `storyfold merge`, `split`, `pin` and `rename` make one.")


def _decide(verdict: Callable[[Session], Verdict], by: str, why: str, as_json: bool) -> None:
    def given(session: Session) -> int:
        return deciding.give(session, verdict(session), by=by or user(), why=why, now=now())

    _take_effect(given, "stands", as_json)


def _take_effect(change: Callable[[Session], int], what: str, as_json: bool) -> None:
    """Record a change under the operators' lock, compute what it touches, and show the stories it is about."""
    settings = load_settings()
    require_database(settings.database)
    with writing(settings) as database:
        number, took_effect = carry_out(database, fold_rules(settings), change)
        with database.read() as session:
            told = _outcome(session, number) | {"took_effect": took_effect}
    if as_json:
        print_json(told)
        return
    say(f"Decision {number} ({told['kind']} by {told['decided_by']}) {what}.")
    for one in told["stories"]:
        say(f"  story {one['story']}: {one['title']} ({one['articles']} article{'s' if one['articles'] > 1 else ''})")
    if what == "stands":
        say(f"`storyfold undo {number}` takes it back.")
    if not took_effect:
        note("A fold is under way: it moves the articles when it comes to them.")


def carry_out(database: Database, rules: FoldRules, change: Callable[[Session], int]) -> tuple[int, bool]:
    """Record a change under the operators' lock and compute what it touches.

    Returns the decision's number, and whether that was done: a fold that is under way sees to it else.
    """
    with exclusive(database, "decisions"), database.write() as session:
        number = change(session)
    return number, deciding.apply(database, rules)


def _outcome(session: Session, number: int) -> dict[str, Any]:
    """Return a decision, and the stories in which the articles it names stand now."""
    found = session.get_one(Decision, number)
    links = select(DecisionLink.article_a_id).where(DecisionLink.decision_id == number)
    others = select(DecisionLink.article_b_id).where(DecisionLink.decision_id == number)
    stand = select(Membership.story_id).where(
        Membership.article_id.in_(links.union(others).scalar_subquery()), Membership.left_at.is_(None)
    )
    stories = sorted({*session.scalars(stand), successor(session, found.story_id)})
    return {
        "decision": number,
        "kind": found.kind,
        "decided_by": found.decided_by,
        "why": found.why,
        "undone_at": found.undone_at,
        "stories": records(session.execute(STORIES, {"stories": stories}).mappings()),
    }


def _number(story: str) -> int:
    number = int(story)
    if number > LARGEST:
        raise UsageError(f"there is no story {story}; `storyfold stories` lists them")
    return number


def user() -> str:
    """Return who decides where nobody is named: the user of this machine."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        return f"user {os.getuid()}"

"""`storyfold stories` and `storyfold story ID`: what happened, who told it, in whose words, and why we say so."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer
from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from console.as_of import held, show
from console.copies import share_of
from console.output import cell, print_json, print_table, records, say
from console.session import now, reading
from console.since import moment
from foundation.errors import UsageError
from storage.models import Membership, Story, StoryOrigin
from storage.types import UtcDateTime

LIMIT: Final = 20
LIST: Final = """
SELECT
  story, title, articles, outlets, owners, copy_groups, origins, first_at, last_at, minutes,
  first_outlet, first_url, language
FROM stories
WHERE outlets >= :outlets AND last_at >= :since
ORDER BY last_at DESC, story DESC
LIMIT :limit
"""
ARTICLES: Final = "SELECT * FROM story_articles WHERE story = :story ORDER BY place"
EVENTS: Final = (
    "SELECT at, kind, other_story_id AS other_story, reason FROM story_event WHERE story_id = :story ORDER BY id"
)


def stories(
    since: Annotated[str, typer.Option(help="With reports since then: 12h, 1d, 2w, or a date.")] = "1970-01-01",
    min_outlets: Annotated[int, typer.Option(help="Told by so many outlets or more.", min=1)] = 1,
    limit: Annotated[int, typer.Option(help="Show so many.", min=1)] = LIMIT,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List stories, the latest first: how many articles, outlets, own texts and origins, and who was first."""
    values = {"since": moment(since, now()), "outlets": min_outlets, "limit": limit}
    with reading() as database, database.read() as session:
        query = text(LIST).bindparams(bindparam("since", type_=UtcDateTime()))
        found = records(session.execute(query, values).mappings())
    if as_json:
        print_json(found)
    elif found:
        print_table(found, COLUMNS)
        say("", "`storyfold story ID` shows one of them.")
    else:
        say("No stories match. `storyfold run` fetches and folds; --since and --min-outlets widen or narrow the list.")


COLUMNS: Final = {
    "story": "story",
    "title": "title",
    "articles": "articles",
    "outlets": "outlets",
    "copy_groups": "own texts",
    "origins": "origins",
    "first_outlet": "first",
    "first_at": "at (UTC)",
    "minutes": "minutes long",
}


def story(
    story_id: Annotated[int, typer.Argument(metavar="ID", help="As `storyfold stories` shows it; merged ids resolve.")],
    as_of: Annotated[
        str | None, typer.Option(metavar="WHEN", help="What it held then: a date and time (UTC), or 2d, 12h ago.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a story: who was first, who printed whose text, why each report is in it, and where its text comes from."""
    then = moment(as_of, now()) if as_of is not None else None
    with reading() as database, database.read() as session:
        told = describe(session, story_id) if then is None else held(session, story_id, then)
    if as_json:
        print_json(told)
    elif then is not None:
        show(told)
    else:
        _print(told, asked=story_id)


def describe(session: Session, story_id: int) -> dict[str, Any]:
    """Return all there is to say of a story, by the id it has or once had. Raises UsageError for an unknown id."""
    found = resolve(session, story_id)
    if found.state == "dissolved":
        raise UsageError(f"story {found.id} has ended, no article stands in it; --as-of WHEN shows what it held")
    (told,) = records(
        session.execute(text("SELECT * FROM stories WHERE story = :story"), {"story": found.id}).mappings()
    )
    articles = records(session.execute(text(ARTICLES), {"story": found.id}).mappings())
    evidence, origins = _evidence(session, found.id), _origins(session, found.id)
    for article in articles:
        article["evidence"] = evidence.get(article["article"], {})
    return told | {
        "asked_for": story_id,
        "texts": [printed | {"origin": origins.get(printed["copy_group"])} for printed in texts(articles)],
        "all_owners": sorted({article["owner"] for article in articles}),
        "events": records(session.execute(text(EVENTS), {"story": found.id}).mappings()),
    }


def resolve(session: Session, story_id: int) -> Story:
    """Return the story that ``story_id`` names today: a merged one leads to its successor."""
    found = session.get(Story, story_id)
    if found is None:
        raise UsageError(f"there is no story {story_id}; `storyfold stories` lists them")
    seen = {found.id}
    while found.merged_into_id is not None and found.merged_into_id not in seen:
        found = session.get_one(Story, found.merged_into_id)
        seen.add(found.id)
    return found


def texts(articles: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Group a story's articles, in their order, by the text they print: the first of each printed it first."""
    groups: dict[Any, list[Mapping[str, Any]]] = {}
    for article in articles:
        groups.setdefault(article["copy_group"], []).append(article)
    return [
        {"copy_group": group, "first_outlet": printed[0]["outlet"], "articles": [dict(article) for article in printed]}
        for group, printed in groups.items()
    ]


def _evidence(session: Session, story_id: int) -> dict[int, Any]:
    rows = session.execute(
        select(Membership.article_id, Membership.evidence).where(
            Membership.story_id == story_id, Membership.left_at.is_(None)
        )
    )
    return {row.article_id: row.evidence for row in rows}


def _origins(session: Session, story_id: int) -> dict[int, dict[str, Any]]:
    """Return where each own text comes from, by its copy group."""
    rows = session.scalars(select(StoryOrigin).where(StoryOrigin.story_id == story_id))
    return {
        row.copy_group_id: {
            "number": row.number,
            "origin": row.origin,
            "basis": row.basis,
            "reason": row.reason,
            "via_copy_group": row.via_copy_group_id,
            "evidence": row.evidence,
        }
        for row in rows
    }


def _print(told: Mapping[str, Any], *, asked: int) -> None:
    if told["story"] != asked:
        say(f"Story {asked} was merged into story {told['story']}.")
    say(
        f"Story {told['story']}: {told['title']}",
        f"{_count(told['articles'], 'article')}, {_count(told['outlets'], 'outlet')}, "
        f"{_count(told['owners'], 'owner')}, {_count(told['copy_groups'], 'own text')}"
        f"{_origins_counted(told['origins'])} · "
        f"first: {told['first_outlet']} at {cell(told['first_at'])} UTC · {told['minutes']} minutes long",
    )
    for number, printed in enumerate(told["texts"], 1):
        first, *copies = printed["articles"]
        say(
            "",
            f"Text {number}: {first['title']}",
            f"  {first['outlet']}, {_behind(first)} · article {first['article']} · {first['url']}",
            f"  {first['basis']}: {first['reason']}",
        )
        if origin := printed["origin"]:
            say(f"  origin {origin['number']}, {origin['origin'] or 'undetermined'}: {origin['reason']}")
        if first["copied_from"]:  # by a time that is not to be believed, or one that may be wrong, it is the first
            say(f"  {copy_line(first)}")
        for copy in copies:
            say(f"    {copy_line(copy)}: {copy['outlet']}, {_behind(copy)} · article {copy['article']} · {copy['url']}")


def copy_line(article: Mapping[str, Any]) -> str:
    """Return whose text an article prints, how much of its own that is, and whether it is certainly the later."""
    if not article["copied_from"]:
        return "copy"
    share = f", {share_of(article['copied_share'])} of its words" if article["copied_share"] is not None else ""
    order = ", order undetermined" if article["copied_order"] == "undetermined" else ""
    return f"copy of article {article['copied_from']}'s text ({article['copied_from_outlet']}){share}{order}"


def _behind(article: Mapping[str, Any]) -> str:
    return f"{article['minutes_behind']} minutes behind" if article["minutes_behind"] else "first"


def _origins_counted(number: int | None) -> str:
    return "" if number is None else f", {_count(number, 'independent origin')}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")

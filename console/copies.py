"""`storyfold copies ID`: who printed an article's text, when, from whom, and what else its text has of others."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from console.articles import Report, find, utc
from console.output import print_json, print_table, records, say
from console.session import reading
from foundation.errors import UsageError
from storage.models import Article, CopyGroup

LIMIT: Final = 50
# The article that was asked for is shown wherever it stands.
PRINTINGS: Final = """
SELECT * FROM (
  SELECT
    row_number() OVER (ORDER BY article.time, article.id) AS place,
    article.id                                            AS article,
    source.name                                           AS outlet,
    coalesce(source.owner, source.name)                   AS owner,
    article.title,
    article.url,
    article.time                                          AS at,
    article.earliest_at,
    article.latest_at,
    article.agency,
    article.copied_from_id                                AS copied_from,
    copied_source.name                                    AS copied_from_outlet,
    article.copied_share,
    article.copied_order,
    coalesce(article.text_key = copied.text_key, false)   AS is_same_text,
    article.gone_at
  FROM article
  JOIN source ON source.id = article.source_id
  LEFT JOIN article AS copied ON copied.id = article.copied_from_id
  LEFT JOIN source AS copied_source ON copied_source.id = copied.source_id
  WHERE article.copy_group_id = :copy_group
) AS printing
WHERE place <= :limit OR article = :article
ORDER BY place
"""
MAY_BE_FIRST: Final = """
SELECT count(*) FROM article, (SELECT min(latest_at) AS at FROM article WHERE copy_group_id = :copy_group) AS soonest
WHERE article.copy_group_id = :copy_group
  AND (article.earliest_at IS NULL OR soonest.at IS NULL OR article.earliest_at <= soonest.at)
"""
# Within a copy group headlines and quotations go without saying.
RELATED: Final = """
SELECT
  article_links.kind, article_links.role, article_links.other, article_links.other_outlet, article_links.other_title,
  article_links.other_at, article.copy_group_id AS other_copy_group, article_links.jaccard, article_links.share,
  article_links.other_share, article_links.shared_words, count(*) OVER () AS in_all
FROM article_links JOIN article ON article.id = article_links.other
WHERE article_links.article = :article AND coalesce(article.copy_group_id, 0) <> :copy_group
ORDER BY article_links.kind, article_links.other_at, article_links.other
LIMIT :limit
"""
EVERYTHING: Final = 2**31 - 1


def copies(
    which: Annotated[str, typer.Argument(metavar="ARTICLE", help="An article's id or its address.")],
    by_group: Annotated[
        bool, typer.Option("--group", help="The id is a copy group's; one that was merged leads to its successor.")
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(help=f"Show so many printings and relations. [default: {LIMIT}; with --json all]", min=1),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show who printed an article's text: who was first, how far behind the others are, and whom they copied."""
    with reading() as database, database.read() as session:
        article = find(session, str(_first_of(session, which)) if by_group else which)
        told = describe(session, article, limit or (EVERYTHING if as_json else LIMIT))
    if as_json:
        print_json(told)
    else:
        _print(told)


def _first_of(session: Session, which: str) -> int:
    """Return the first article of a copy group, by the id that it has or once had."""
    group = session.get(CopyGroup, int(which)) if which.isascii() and which.isdigit() and len(which) < 19 else None
    if group is None:
        raise UsageError(f"there is no copy group {which}; `storyfold copies ARTICLE` names an article's")
    seen = {group.id}
    while group.merged_into_id is not None and group.merged_into_id not in seen:
        group = session.get_one(CopyGroup, group.merged_into_id)
        seen.add(group.id)
    first = session.scalar(
        select(Article.id).where(Article.copy_group_id == group.id).order_by(Article.time, Article.id).limit(1)
    )
    if first is None:
        raise UsageError(f"no article is left in copy group {which}: they were changed, or are no longer folded")
    return first


def describe(session: Session, article: Report, limit: int) -> dict[str, Any]:
    """Return all there is to say of an article's text: its group, up to ``limit`` printings, and other relations."""
    values = {"article": article.article, "copy_group": article.copy_group or 0, "limit": limit}
    related = records(session.execute(text(RELATED), values).mappings())
    told: dict[str, Any] = {
        "article": article.public(),
        "why_not_folded": article.why_not_folded,
        "copy_group": None,
        "may_be_first": None,
        "same_as_asked": None,
        "printings": [],
        "related": [{key: value for key, value in row.items() if key != "in_all"} for row in related],
        "related_in_all": related[0]["in_all"] if related else 0,
    }
    if article.copy_group is None:
        return told
    group = text("SELECT * FROM copy_groups WHERE copy_group = :copy_group")
    (told["copy_group"],) = records(session.execute(group, values).mappings())
    told["may_be_first"] = session.scalar(text(MAY_BE_FIRST), values)
    told["same_as_asked"] = session.scalar(
        select(func.count()).where(Article.copy_group_id == article.copy_group, Article.text_key == article.text_key)
    )
    first_at = told["copy_group"]["first_at"]
    for printing in records(session.execute(text(PRINTINGS), values).mappings()):
        behind = round((printing["at"] - first_at).total_seconds() / 60)
        is_same = bool(printing.pop("is_same_text"))  # SQLite has no booleans
        told["printings"].append(printing | {"minutes_behind": behind, "is_same_text": is_same})
    return told


# --- For people -------------------------------------------------------------------------------------------------------


def _print(told: Mapping[str, Any]) -> None:
    article, group = told["article"], told["copy_group"]
    say(
        f"{article['article']}  {article['title']}",
        f"   {article['outlet']}, {utc(article['at'])} · {article['url']}",
        "",
    )
    if told["why_not_folded"]:
        say(f"Its text is not compared with others': {told['why_not_folded']}.")
    if group is not None:
        say(*_group_lines(told))
    if group is not None and group["articles"] > 1:
        say("")
        print_table([_row(printing, article["article"]) for printing in told["printings"]], COLUMNS)
        if more := group["articles"] - len(told["printings"]):
            say(f"… and {more:,} more printings; `--limit {group['articles']}` shows all.")
    if told["related"]:
        say("", "What else its text has to do with others:", *map(related_line, told["related"]))
        if more := told["related_in_all"] - len(told["related"]):
            say(f"  … and {more:,} more; `--limit {told['related_in_all']}` shows all.")
    elif group is not None:
        say("", "No other text has to do with it.")


def _group_lines(told: Mapping[str, Any]) -> list[str]:
    group, printings = told["copy_group"], told["printings"]
    if group["articles"] == 1:
        lines = [f"Copy group {group['copy_group']}: printed once, as far as was seen."]
        if group["origin_basis"] == "agency":
            lines.append(f"Credited to the agency {group['origin']}.")
    else:
        lines = [
            f"Copy group {group['copy_group']}: {group['articles']:,} printings, {group['outlets']:,} outlets "
            f"({group['owners']:,} owners), {group['texts']:,} texts that differ in any word; "
            f"{told['same_as_asked']:,} {'print' if told['same_as_asked'] != 1 else 'prints'} this one to the word.",
            first_line(group, told["may_be_first"], printings[0]),
        ]
    if group["is_part"]:
        lines.append(
            "A part of a text that drifted: copies of copies lead on to other groups, but too little is left in common."
        )
    return lines


def first_line(group: Mapping[str, Any], may_be_first: int, soonest: Mapping[str, Any]) -> str:
    """Return who printed a text first, no surer than the times allow."""
    claimed = f"{soonest['outlet']} (article {soonest['article']}, {utc(soonest['at'])})"
    match group["origin_basis"]:
        case "agency":
            return (
                f"Credited to the agency {group['origin']}, whose text it is. The earliest here, as claimed: {claimed}."
            )
        case "first" if group["origin"] == soonest["outlet"]:
            return f"First for certain: {claimed}."
        case "first":
            return f"First for certain: {group['origin']}, although by the time that it claims it is {claimed}."
    return (
        f"Who was first is undetermined: the times overlap, {may_be_first:,} of {group['articles']:,} may have been. "
        f"The earliest as claimed: {claimed}."
    )


COLUMNS: Final = {
    "behind": "min behind",
    "outlet": "outlet",
    "article": "article",
    "at": "at (UTC)",
    "whose": "copied from",
    "share": "its words there",
    "order": "order",
}
ORDERS: Final = {"after": "certainly later", "undetermined": "undetermined"}


def _row(printing: Mapping[str, Any], asked: int) -> dict[str, Any]:
    whose = printing["copied_from_outlet"]
    return {
        "behind": f"+{printing['minutes_behind']}",
        "outlet": printing["outlet"] + (f", credits {printing['agency']}" if printing["agency"] else ""),
        "article": f"{printing['article']}{' *' if printing['article'] == asked else ''}",
        "at": printing["at"],
        "whose": f"{printing['copied_from']} ({whose})" if printing["copied_from"] else "",
        "share": share_of(printing["copied_share"], is_same=printing["is_same_text"]),
        "order": ORDERS.get(printing["copied_order"] or "", ""),
    }


def share_of(share: float | None, *, is_same: bool = False) -> str:
    """Return a share as per cent; only the very same text has all of it "to the word"."""
    if share is None:
        return ""
    shown = f"{share:.0%}" if share in (0, 1) else f"{min(max(share, 0.01), 0.99):.0%}"  # 100% is all of them
    return f"{shown}, the same to the word" if is_same else shown


ROLES: Final = {
    ("excerpt", "holds"): "holds the text of {other} ({other_share:.0%} of that one's words)",
    ("excerpt", "lies_in"): "lies in the text of {other} ({share:.0%} of its words)",
    ("passage", "earlier"): "a passage that {other} prints later, for certain ({shared_words} words)",
    ("passage", "later"): "a passage that {other} had printed before, for certain ({shared_words} words)",
    ("passage", "undetermined"): "a passage that {other} prints too, who first is undetermined ({shared_words} words)",
    ("revision", None): "much rewritten in {other}, or from it ({share:.0%} of its words stand there)",
    ("same_headline", None): "the headline of {other}",
    ("shared_quote", None): "a quotation of {shared_words} words that {other} has too",
    ("copy", None): "a copy of {other} by its words ({share:.0%} of them stand there), but in copy group {group}",
}


def related_line(row: Mapping[str, Any]) -> str:
    """Return one relation in words."""
    phrase = ROLES[row["kind"], row["role"]].format(
        other=f"article {row['other']} ({row['other_outlet']})",
        group=row["other_copy_group"] or "none yet",
        share=row["share"],
        other_share=row["other_share"],
        shared_words=row["shared_words"],
    )
    return f"  {row['kind'].replace('_', ' ')}: {phrase} · {utc(row['other_at'])} · {row['other_title']}"

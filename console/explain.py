"""`storyfold explain A B`: what joins two articles, or which test they failed, with its number."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from math import exp
from typing import Annotated, Any, Final

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from console.output import cell, print_json, say
from console.session import reading
from foundation.config import Settings, load_settings
from foundation.errors import UnusableUrl, UsageError
from foundation.urls import url_key
from storage.models import Article, Idf, Link, Membership, Page, Reading, Source

SHOWN_TERMS: Final = 8
DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Report:
    """An article as it stands now."""

    article: int
    outlet: str
    title: str
    url: str
    at: datetime
    is_timed: bool
    kind: str
    language: str | None
    copy_group: int | None
    story: int | None
    basis: str | None
    reason: str | None
    text: str

    def public(self) -> dict[str, Any]:
        """Return what is shown of it: all but its text."""
        return {name: getattr(self, name) for name in self.__slots__ if name not in ("text", "is_timed")}


def explain(
    a: Annotated[str, typer.Argument(metavar="ARTICLE", help="An article's id or its address.")],
    b: Annotated[str, typer.Argument(metavar="ARTICLE", help="Another's.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what joins two articles, or why they are apart: the links between them, and the test that failed."""
    settings = load_settings()
    with reading(settings) as database, database.read() as session:
        told = relation(session, find(session, a), find(session, b), settings)
    if as_json:
        print_json(told)
    else:
        _print(told)


def find(session: Session, which: str) -> Report:
    """Return the article of an id or of an address, also of a page's that leads to it. Raises UsageError."""
    article_id: int | None = int(which) if which.isdigit() else _at_address(session, which)
    row = session.execute(
        select(Article, Source.name, Reading.text, Membership.story_id, Membership.basis, Membership.reason)
        .join(Source, Source.id == Article.source_id)
        .join(Reading, (Reading.article_id == Article.id) & Reading.is_current)
        .outerjoin(Membership, (Membership.article_id == Article.id) & Membership.left_at.is_(None))
        .where(Article.id == article_id)
    ).first()
    if row is None:
        raise UsageError(f"there is no article {which}")
    article, outlet, text, story, basis, reason = row
    return Report(
        article=article.id,
        outlet=outlet,
        title=article.title,
        url=article.url,
        at=article.time,
        is_timed=article.is_timed,
        kind=article.kind,
        language=article.language,
        copy_group=article.copy_group_id,
        story=story,
        basis=basis,
        reason=reason,
        text=text,
    )


def _at_address(session: Session, url: str) -> int | None:
    try:
        key = url_key(url)
    except UnusableUrl as error:
        raise UsageError(f"neither an article's id nor an address: {url}") from error
    found = session.scalar(select(Article.id).where(Article.key == key))
    return found or session.scalar(select(Page.article_id).where(Page.key == key))


def relation(session: Session, a: Report, b: Report, settings: Settings) -> dict[str, Any]:
    """Return all that is known between two articles."""
    if a.article == b.article:
        raise UsageError(f"both are article {a.article}")
    is_copy = a.copy_group is not None and a.copy_group == b.copy_group
    is_one_story = a.story is not None and a.story == b.story
    likeness = _likeness(session, a, b, settings)
    return {
        "a": a.public(),
        "b": b.public(),
        "one_copy_group": is_copy,
        "one_story": is_one_story,
        "links": _links(session, a, b),
        "why_no_copy": None if is_copy else _why_no_copy(a, b, settings),
        "likeness": likeness,
        "why_apart": None if is_one_story else _why_apart(a, b, likeness["at_most"], likeness["needed"], settings),
    }


def _links(session: Session, a: Report, b: Report) -> list[dict[str, Any]]:
    pair = (min(a.article, b.article), max(a.article, b.article))
    readings = set(session.scalars(select(Reading.id).where(Reading.is_current, Reading.article_id.in_(pair))))
    links = session.scalars(
        select(Link).where(Link.article_a_id == pair[0], Link.article_b_id == pair[1]).order_by(Link.id)
    )
    return [
        {
            "kind": link.kind,
            "is_current": {link.reading_a_id, link.reading_b_id} <= readings,
            "a": link.article_a_id,
            "b": link.article_b_id,
            "jaccard": link.jaccard,
            "containment_a": link.containment_a,
            "containment_b": link.containment_b,
            "shared_words": link.shared_words,
            "evidence": link.evidence,
        }
        for link in links
    ]


def _why_no_copy(a: Report, b: Report, settings: Settings) -> str | None:
    from dedup.links import CopyRules, nearest_failure, prepare

    rules = replace(CopyRules(), copy=settings.copies.threshold)
    failure = nearest_failure(prepare(a.article, a.title, a.text), prepare(b.article, b.title, b.text), rules)
    return None if failure is None else str(failure)


def _likeness(session: Session, a: Report, b: Report, settings: Settings) -> dict[str, Any]:
    """Return what two reports share, ``at_most`` (what is left if neither is like anything else), and ``needed``."""
    from dedup.idf import Idf as Frequencies
    from dedup.proof import Report as Told
    from dedup.proof import pair_evidence
    from dedup.similarity import SimilarityRules
    from pipelines.fold.rules import fold_rules

    learnt, rules = session.get(Idf, a.language or ""), SimilarityRules()
    pair = pair_evidence(
        Told(a.title, a.text, a.at.timestamp() if a.is_timed else None),
        Told(b.title, b.text, b.at.timestamp() if b.is_timed else None),
        Frequencies.unpack(learnt.counts) if learnt else None,
        rules,
    )
    at_most = pair.similarity * exp(-((pair.days_apart or 0.0) ** 2) / (2 * rules.sigma_days**2))
    needed = fold_rules(settings).stories.threshold(learnt.articles if learnt else 0)
    return dict(pair.to_json()) | {"at_most": round(at_most, 4), "needed": round(needed, 4)}


def _why_apart(a: Report, b: Report, at_most: float, needed: float, settings: Settings) -> str:
    for one in (a, b):
        if one.story is None:
            waits = "it waits to be folded" if one.kind == "article" else f"it is of kind {one.kind}"
            return f"article {one.article} is in no story: {waits}"
    if (a.language or "") != (b.language or ""):
        return f"they are in two languages ({a.language or 'unknown'} and {b.language or 'unknown'})"
    days = abs((a.at - b.at).total_seconds()) / DAY_SECONDS
    if days > settings.stories.window_days and a.is_timed and b.is_timed:
        return f"they are {days:.1f} days apart, and stories are looked for within {settings.stories.window_days}"
    if at_most < needed:
        return f"likeness at most {at_most:.3f}, needed {needed:g}"
    return f"likeness at most {at_most:.3f}, but the mean of all reports of the two stories is under {needed:g}"


def _print(told: Mapping[str, Any]) -> None:
    for name in ("a", "b"):
        one = told[name]
        say(
            f"{one['article']}  {one['title']}",
            f"   {one['outlet']}, {cell(one['at'])} UTC · {one['url']}",
            f"   copy group {cell(one['copy_group']) or '–'}, story {cell(one['story']) or '–'}"
            + (f" · {one['basis']}: {one['reason']}" if one["basis"] else ""),
        )
    say("")
    for link in told["links"]:
        history = "" if link["is_current"] else " (of earlier readings)"
        say(
            f"{link['kind']}{history}: Jaccard {link['jaccard']:.2f}, {link['containment_a']:.0%} of {link['a']} in "
            f"{link['b']}, {link['containment_b']:.0%} of {link['b']} in {link['a']}, {link['shared_words']} words"
        )
    if not told["links"]:
        say("No links between them.")
    if told["why_no_copy"]:
        say(f"Not one text: {told['why_no_copy']}.")
    say(*_of_story(told))


def _of_story(told: Mapping[str, Any]) -> list[str]:
    lines = ["They stand in one story." if told["one_story"] else f"Not one story: {told['why_apart']}."]
    likeness = told["likeness"]
    if terms := [name for name, _ in likeness.get("terms", ())][:SHOWN_TERMS]:
        lines.append(f"Shared terms: {', '.join(terms)}")
    if names := likeness.get("names"):
        lines.append(f"Shared names: {', '.join(names)}")
    for quote in likeness.get("quotes", ()):
        lines.append(f"Shared quotation ({quote['words']} words): {cell(quote['text_a'])}")
    return lines

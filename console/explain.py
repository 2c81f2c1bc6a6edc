"""`storyfold explain A B`: what joins two articles, or which test they failed, with its number."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from math import exp
from typing import Annotated, Any, Final

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from console.articles import Report, find
from console.copies import share_of
from console.output import cell, print_json, say
from console.session import reading
from foundation.config import Settings, load_settings
from foundation.errors import UsageError
from storage.models import Link, Reading

SHOWN_TERMS: Final = 8
DAY_SECONDS: Final = 86_400


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


def relation(session: Session, a: Report, b: Report, settings: Settings) -> dict[str, Any]:
    """Return all that is known between two articles."""
    from console.apart import copy_tests
    from console.order import printed_first
    from console.ruled import kept_apart
    from pipelines.fold.rules import fold_rules

    if a.article == b.article:
        raise UsageError(f"both are article {a.article}")
    is_copy = a.copy_group is not None and a.copy_group == b.copy_group
    is_one_story = a.story is not None and a.story == b.story
    links = _links(session, a, b)
    tests, keys = copy_tests(session, a, b, fold_rules(settings))
    found = likeness(session, a, b, settings)
    return {
        "a": a.public(),
        "b": b.public(),
        "one_copy_group": is_copy,
        "one_story": is_one_story,
        "is_same_text": a.text_key is not None and a.text_key == b.text_key,
        "links": links,
        "chain": _chain(session, a, b, links),
        "why_no_copy": None if is_copy else next((test.says for test in tests if not test.is_passed), None),
        "copy_tests": [asdict(test) for test in tests],
        "keys": asdict(keys),
        "order": asdict(printed_first(a, b)),
        "likeness": found,
        "why_apart": None
        if is_one_story
        else kept_apart(session, a, b) or _why_apart(a, b, found["at_most"], found["needed"], settings),
    }


def _chain(session: Session, a: Report, b: Report, links: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the copies that lead from one to the other, where no link of theirs does and some should."""
    from console.apart import are_parts
    from console.chains import chain

    is_linked = any(link["kind"] == "copy" and link["is_current"] for link in links)
    is_whole = a.copy_group is not None and a.copy_group == b.copy_group
    if is_linked or not (is_whole or are_parts(session, a, b)):
        return None
    found, is_searched = chain(session, a.article, b.article)
    return {"articles": found, "is_searched": is_searched}


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


def likeness(session: Session, a: Report, b: Report, settings: Settings) -> dict[str, Any]:
    """Return what two reports share, ``at_most`` (what is left if neither is like anything else), and ``needed``."""
    from dedup.proof import Report as Told
    from dedup.proof import pair_evidence
    from dedup.similarity import SimilarityRules
    from pipelines.fold.epochs import latest
    from pipelines.fold.rules import fold_rules

    learnt, rules = latest(session).get(a.language or ""), SimilarityRules()
    pair = pair_evidence(
        Told(a.title, a.text, a.at.timestamp() if a.is_timed else None),
        Told(b.title, b.text, b.at.timestamp() if b.is_timed else None),
        learnt.idf if learnt else None,
        rules,
    )
    at_most = pair.similarity * exp(-((pair.days_apart or 0.0) ** 2) / (2 * rules.sigma_days**2))
    needed = fold_rules(settings).stories.threshold(learnt.idf.documents if learnt else 0)
    return dict(pair.to_json()) | {"at_most": round(at_most, 4), "needed": round(needed, 4)}


def _why_apart(a: Report, b: Report, at_most: float, needed: float, settings: Settings) -> str:
    for one in (a, b):
        if one.story is None:
            return f"article {one.article} is in no story: {one.why_not_folded or 'it waits for its story'}"
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
    say(*_of_text(told), *_of_story(told))


def _of_text(told: Mapping[str, Any]) -> list[str]:
    lines = [] if told["links"] else ["No links between them."]
    if told["one_copy_group"]:
        lines.append("One text, the same to the word." if told["is_same_text"] else "One text.")
    if told["chain"]:
        lines.append(chain_line(told["chain"]))
    if told["why_no_copy"]:
        lines.append(f"Not one text: {told['why_no_copy']}.")
        failed = {test["test"] for test in told["copy_tests"] if not test["is_passed"]}
        lines += [
            f"{test['says'][0].upper()}{test['says'][1:]}."
            for test in told["copy_tests"]
            if (test["test"] == "keys" and "keys" in failed and test["says"] != told["why_no_copy"])
            or (test["test"] == "language" and told["a"]["language"] != told["b"]["language"])
        ]
    if told["one_copy_group"] or told["links"]:
        says = told["order"]["says"]
        lines.append(f"{says[0].upper()}{says[1:]}.")
        lines += list(_descent(told))
    return lines


def chain_line(chain: Mapping[str, Any]) -> str:
    """Return how two articles hang together that no link joins."""
    match chain["articles"]:
        case [_, between, _]:
            return f"Both are copies of article {between}."
        case [_, *_] as articles:
            return f"Copies of copies lead from one to the other: {' – '.join(map(str, articles))}."
    return (
        "No chain of copies joins them."
        if chain["is_searched"]
        else "The copies that join them are too many to follow."
    )


def _descent(told: Mapping[str, Any]) -> Iterator[str]:
    for one, other in ((told["a"], told["b"]), (told["b"], told["a"])):
        if one["copied_from"] == other["article"]:
            order = " (order undetermined)" if one["copied_order"] == "undetermined" else ""
            share = f", {share_of(one['copied_share'])} of its words" if one["copied_share"] is not None else ""
            yield f"Article {one['article']} prints article {other['article']}'s text{share}{order}."
    for agency in sorted({one["agency"] for one in (told["a"], told["b"])} - {None}):
        yield f"{agency} is credited."


def _of_story(told: Mapping[str, Any]) -> list[str]:
    lines = ["They stand in one story." if told["one_story"] else f"Not one story: {told['why_apart']}."]
    return lines + in_common(told["likeness"])


def in_common(found: Mapping[str, Any]) -> list[str]:
    """Return what two reports share, as `likeness` found it, in lines for people."""
    lines = []
    for what, shared in (("terms", found["terms"]), ("phrases", found["phrases"])):
        if shared:
            lines.append(f"Shared {what}: {', '.join(name for name, _ in shared[:SHOWN_TERMS])}")
    if found["names"]:
        lines.append(f"Shared names: {', '.join(found['names'])}")
    lines += [f"Shared quotation ({quote['words']} words): {cell(quote['text_a'])}" for quote in found["quotes"]]
    return lines

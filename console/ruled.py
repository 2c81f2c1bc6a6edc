"""What operators' decisions say of two articles that stand in two stories."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.articles import Report
from pipelines.fold.rulings import Rulings
from storage.engine import portions
from storage.models import Article


def kept_apart(session: Session, a: Report, b: Report) -> str | None:
    """Return the decision that keeps two articles apart, in words; None where none does."""
    rulings = Rulings.load(session)
    if a.copy_group is None or b.copy_group is None or not rulings.links:
        return None
    group_of = _groups(session, rulings)
    decisions = rulings.decisions(group_of)
    one, other = (decisions.home.get(group, frozenset({group})) for group in (a.copy_group, b.copy_group))
    for link in reversed(rulings.links):
        ends = {group_of.get(link.a), group_of.get(link.b)}
        if not link.is_together and ends & one and ends & other:
            return f"by {link.says(link.a)}"
    for report in (a, b):
        if report.copy_group in decisions.closed:
            return f"story {report.story} is pinned: nothing joins it by likeness"
    return None


def _groups(session: Session, rulings: Rulings) -> dict[int, int]:
    ends = sorted({end for link in rulings.links for end in (link.a, link.b)})
    return {
        row.id: row.copy_group_id
        for portion in portions(ends)
        for row in session.execute(select(Article.id, Article.copy_group_id).where(Article.id.in_(portion)))
        if row.copy_group_id is not None
    }

"""Reasons in words: one line that says why a report is where it is, or why two reports are not together."""

from collections.abc import Sequence

from dedup.links import Failure, Link, LinkKind
from dedup.proof import PairEvidence
from dedup.stories import Basis, Evidence

LONGEST_QUOTE = 80  # characters of a quotation in a line
_HOURS = 24
_NAMED = 4

_LINKS = {
    LinkKind.COPY: "the same text, {jaccard:.0%} of all word triples",
    LinkKind.REVISION: "a revision, {jaccard:.0%} of all word triples in common",
    LinkKind.PASSAGE: "a passage in common, {shared_words} words",
    LinkKind.SAME_HEADLINE: "the same headline",
    LinkKind.SHARED_QUOTE: "a quotation in common, {shared_words} words",
}


def reason(evidence: Evidence, pair: PairEvidence | None = None) -> str:
    """Return why an item is in its story; ``pair`` is what it shares with its nearest one."""
    parts = [] if pair is None else shared(pair)
    if evidence.basis is Basis.FIRST:
        parts.insert(0, "first of its story")
    if evidence.days_apart is not None:
        parts.append(apart(evidence.days_apart))
    score = f"score {evidence.score:.2f} (needed {evidence.threshold:.2f})"
    parts.append(score + (f" against {evidence.runner_up:.2f} for the next story" if evidence.runner_up else ""))
    return "; ".join(parts)


def shared(pair: PairEvidence) -> list[str]:
    """Return what two reports share, as phrases: names, else words, and the longest quotation."""
    parts = []
    if pair.names:
        parts.append("share the names " + ", ".join(pair.names[:_NAMED]))
    elif pair.terms:
        parts.append("share the words " + ", ".join(term for term, _ in pair.terms[:_NAMED]))
    if pair.quotes:
        parts.append(f"quote “{shortened(pair.quotes[0].text_a)}” ({pair.quotes[0].words} words)")
    return parts


def link_reason(link: Link) -> str:
    """Return what a link says, in words."""
    if link.kind is LinkKind.EXCERPT:
        part = max(link.containment_a, link.containment_b)
        return f"an excerpt: {part:.0%} of article {link.inner} stands in the other"
    return _LINKS[link.kind].format(jaccard=link.jaccard, shared_words=link.shared_words)


def not_joined(failures: Sequence[Failure]) -> str:
    """Return why two reports are not together: the failed tests, nearest to passing first."""
    return "; ".join(str(failure) for failure in sorted(failures, key=lambda failure: failure.missing))


def apart(days: float) -> str:
    """Return a distance in time in the unit people would use."""
    if days * _HOURS < 1:
        return f"{days * _HOURS * 60:.0f} min apart"
    return f"{days * _HOURS:.0f} h apart" if days < 2 else f"{days:.0f} days apart"


def shortened(text: str) -> str:
    """Return a quotation on one line, cut at a word."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_QUOTE else line[:LONGEST_QUOTE].rsplit(" ", 1)[0] + " …"

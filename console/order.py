"""Which of two articles was published first, no surer than what is known of their times allows."""

from dataclasses import dataclass
from datetime import datetime

from console.articles import Report, utc
from pipelines.fold.moments import stored


@dataclass(frozen=True, slots=True)
class PrintedFirst:
    """Who of two was first: an article, or nobody where their intervals overlap; and the sentence that says so."""

    first: int | None
    says: str
    earliest_a: datetime | None
    latest_a: datetime | None
    earliest_b: datetime | None
    latest_b: datetime | None


def printed_first(a: Report, b: Report) -> PrintedFirst:
    """Compare the intervals in which two articles were published."""
    moment_a, moment_b = (stored(one.earliest_at, one.latest_at) for one in (a, b))
    if moment_a.is_before(moment_b):
        first, says = a.article, _certain(a, b)
    elif moment_b.is_before(moment_a):
        first, says = b.article, _certain(b, a)
    else:
        first, says = None, f"who was first is undetermined, their times overlap: {_interval(a)}; {_interval(b)}"
    return PrintedFirst(first, says, a.earliest_at, a.latest_at, b.earliest_at, b.latest_at)


def _certain(first: Report, second: Report) -> str:
    return (
        f"article {first.article} was published first for certain: by {utc(first.latest_at)}, article "
        f"{second.article} not before {utc(second.earliest_at)}"
    )


def _interval(one: Report) -> str:
    match one.earliest_at, one.latest_at:
        case None, None:
            return f"article {one.article} at a time that nothing bounds"
        case None, latest:
            return f"article {one.article} by {utc(latest)}"
        case earliest, None:
            return f"article {one.article} not before {utc(earliest)}"
        case earliest, latest:
            return f"article {one.article} between {utc(earliest)} and {utc(latest)}"

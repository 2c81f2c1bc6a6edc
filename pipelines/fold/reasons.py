"""Why an article stands where it stands: the basis, the numbers and the proof of each new membership."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from dedup.epochs import Epoch
from dedup.explain import reason
from dedup.features import Features, is_current
from dedup.proof import Report, pair_evidence
from dedup.stories import RULES_VERSION, Basis, Partition
from pipelines.fold.rulings import Holding, Ruling
from pipelines.fold.window import Standing, Told, Window
from storage.models import Link, Reading

OPERATOR: Final = "operator"


@dataclass(frozen=True, slots=True)
class Reason:
    """A membership but for the story's id and the time of joining; the fields are the columns' names."""

    article_id: int
    reading_id: int
    basis: str
    reason: str
    evidence: dict[str, Any] = field(default_factory=dict)
    via_article_id: int | None = None
    score: float | None = None
    threshold: float | None = None
    runner_up: float | None = None
    margin: float | None = None
    decision_id: int | None = None
    rules_version: int = RULES_VERSION
    epoch: int | None = None

    def columns(self) -> dict[str, Any]:
        """Return the row."""
        return asdict(self)


class Reasons:
    """Finds the reason of each membership that is new; one that stays as it is keeps the proof it joined with."""

    def __init__(self, session: Session, window: Window, told: Partition, known: Mapping[str, Epoch]) -> None:
        self.session = session
        self.window = window
        self.told = told
        self.known = known
        self.holding = Holding(window.rulings, window.group_of())

    def rows(self, stories: Iterable[Told], ids: Sequence[int | None]) -> list[list[Reason]]:
        """Return, for each story, the memberships to be written; ``ids`` are the stories' ids where they have one."""
        return [self._of_story(story, story_id) for story, story_id in zip(stories, ids, strict=True)]

    def _of_story(self, story: Told, story_id: int | None) -> list[Reason]:
        first = min(self.window.representative(group).order for group in story.groups)[1]
        found: list[Reason] = []
        for group in story.groups:
            speaker, *copies = self.window.groups[group]
            is_first = speaker.article_id == first
            ruling = self.holding.holder(group, story.groups, is_first=is_first)
            basis = "first" if is_first else self._basis(group)
            if not self._stays(speaker, story, story_id, basis, ruling):
                said = self._speaker(speaker, group, basis)
                found.append(said if ruling is None else self._ruled(said, ruling, group, story))
            found += [self._copy(one, speaker) for one in copies if not self._stays(one, story, story_id, "copy")]
        return found

    def _basis(self, group: int) -> str:
        """Return what likeness says of a group that is not the first; alone in its language, that is nothing."""
        return Basis.SAME_EVENT if group in self.told.evidence else OPERATOR

    def _stays(
        self, one: Standing, story: Told, story_id: int | None, basis: str, ruling: Ruling | None = None
    ) -> bool:
        place = one.membership
        if place is None or place.story_id != story_id or place.reading_id != one.reading_id:
            return False
        if place.basis == OPERATOR:
            if ruling is None or place.decision_id != ruling.decision_id:
                return False
        elif place.basis != basis:
            return False
        if place.via_article_id is None:
            return len(story.groups) == 1
        return place.via_article_id in story.articles

    def _ruled(self, said: Reason, ruling: Ruling, group: int, story: Told) -> Reason:
        """Return the reason of a report that a decision holds where it is; what likeness says of it stays beside."""
        ends = [end for end in (ruling.a, ruling.b) if self.holding.group_of[end] != group]
        others = [self.window.representative(other).article_id for other in story.groups if other != group]
        via = ends[0] if ends and ends[0] in story.articles else said.via_article_id or min(others, default=None)
        mine = ruling.a if self.holding.group_of[ruling.a] == group else ruling.b
        cited = {"decision": ruling.decision_id, "by": ruling.by, "why": ruling.why}
        return replace(
            said,
            basis=OPERATOR,
            reason=ruling.says(mine),
            evidence=cited | said.evidence,
            via_article_id=via,
            decision_id=ruling.decision_id,
        )

    def _speaker(self, one: Standing, group: int, basis: str) -> Reason:
        found = self.told.evidence.get(group)
        if found is None or found.nearest is None:
            return Reason(one.article_id, one.reading_id, basis, "the only report so far")
        nearest = self.window.representative(found.nearest)
        epoch = self.known.get(one.language) or Epoch.first(one.language)
        pair = pair_evidence(self._report(one), self._report(nearest), epoch.idf)
        return Reason(
            one.article_id,
            one.reading_id,
            basis,
            reason(found, pair),
            pair.to_json() | {"days_apart": found.days_apart},
            via_article_id=nearest.article_id,
            score=found.score,
            threshold=found.threshold,
            runner_up=found.runner_up,
            margin=found.margin,
            epoch=epoch.number,
        )

    def _copy(self, one: Standing, speaker: Standing) -> Reason:
        source = one.copied_from_id or speaker.article_id
        low, high = sorted((one.article_id, source))
        similarity = self.session.scalar(
            select(Link.jaccard)
            .where(Link.article_a_id == low, Link.article_b_id == high, Link.kind == "copy")
            .order_by(Link.id.desc())
            .limit(1)
        )
        share = f" (similarity {similarity:.2f})" if similarity is not None else ""
        return Reason(
            one.article_id,
            one.reading_id,
            "copy",
            f"prints the text of article {source}{share}",
            {"copy_of": source, "jaccard": similarity},
            via_article_id=source,
            score=similarity,
        )

    def _report(self, one: Standing) -> Report:
        """A representative as proof reads it."""
        reading = self.session.get_one(Reading, one.reading_id)
        packed = reading.features or b""
        known = Features.unpack(packed) if is_current(packed) else None
        return Report(one.title, reading.text, one.time.timestamp() if one.is_timed else None, known)

"""What fold decides by: the rules of `dedup`, and the bounds of a batch."""

from dataclasses import dataclass, field, replace

from dedup.links import CopyRules
from dedup.stories import StoryRules
from foundation.config import Settings


@dataclass(frozen=True, slots=True)
class FoldRules:
    """All rules of one fold. The defaults are the measured ones."""

    copies: CopyRules = field(default_factory=CopyRules)
    stories: StoryRules = field(default_factory=StoryRules)
    # Copies are looked for among articles at most this many days apart.
    copy_window_days: int = 30
    # A key that more readings than this share is furniture or a template, and names no candidates; digests always do.
    key_cap: int = 100
    # Readings in one transaction: some tenths of a second, so that the crawl, which writes too, waits no longer.
    batch: int = 200
    # Groups in one recomputation of stories, where more wait than that.
    story_batch: int = 20_000


def fold_rules(settings: Settings) -> FoldRules:
    """Return the rules that ``settings`` ask for."""
    stories = StoryRules()
    return FoldRules(
        copies=replace(CopyRules(), copy=settings.copies.threshold),
        stories=replace(
            stories,
            floor=settings.stories.threshold,
            similarity=replace(stories.similarity, window_days=settings.stories.window_days),
        ),
        copy_window_days=settings.copies.window_days,
    )

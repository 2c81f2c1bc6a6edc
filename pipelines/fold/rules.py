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
    # A key that more readings than this hold within eight days is furniture or a template, and names nobody by itself.
    # Measured: 100,000 looked up against a key that all share cost no more than so many.
    key_cap: int = 64
    # Texts read for one article, and those of them in one copy group: beyond, whoever is near is near the group.
    most_compared: int = 200
    most_compared_in_group: int = 32
    # Copy links of one article into one group: enough to stay whole when some leave, and ten thousand make no square.
    most_links: int = 16
    most_links_of_same_text: int = 2
    # Readings in one transaction: some tenths of a second, so that the crawl, which writes too, waits no longer.
    batch: int = 200
    # Readings in one recomputation of stories, where more wait than that.
    story_batch: int = 20_000
    # Groups that are computed again because they hang together with what is new: half a second's work.
    most_told: int = 3_000


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

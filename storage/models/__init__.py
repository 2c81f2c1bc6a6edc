"""The tables, named by the glossary.

Read them in this order: crawl, hosts, gaps, text, sites, watches, copies, scores, stories, decisions, reviews.

Nothing is deleted to forget it: what stops being current is closed (``left_at``, ``is_current``, ``merged_into_id``)
and stays as history. Only raw bodies and keys are pruned, both by age.
"""

from storage.models.base import Base
from storage.models.copies import LINK_KINDS, CopyGroup, Key, KeyBucket, Link
from storage.models.crawl import FEED_KINDS, PAGE_STATES, RUN_STATES, Feed, Page, Poll, RawBody, Run, Source
from storage.models.decisions import DECISION_KINDS, DECISION_LINK_KINDS, Decision, DecisionLink
from storage.models.gaps import GAP_STATES, Gap
from storage.models.hosts import Budget, Host, Robots
from storage.models.reviews import REVIEW_ANSWERS, REVIEW_KINDS, Review
from storage.models.scores import Idf, IdfEpoch, Neighbour, Posting, Scored
from storage.models.sites import Site, SiteBlock, SitePage, SiteWork
from storage.models.stories import (
    BASES,
    ORIGIN_BASES,
    STORY_STATES,
    Lease,
    Membership,
    Story,
    StoryEvent,
    StoryOrigin,
)
from storage.models.text import Article, Block, Label, Reading, StatedSource, Version
from storage.models.watches import Watch, WatchArticle

__all__ = [
    "BASES",
    "DECISION_KINDS",
    "DECISION_LINK_KINDS",
    "FEED_KINDS",
    "GAP_STATES",
    "LINK_KINDS",
    "ORIGIN_BASES",
    "PAGE_STATES",
    "REVIEW_ANSWERS",
    "REVIEW_KINDS",
    "RUN_STATES",
    "STORY_STATES",
    "Article",
    "Base",
    "Block",
    "Budget",
    "CopyGroup",
    "Decision",
    "DecisionLink",
    "Feed",
    "Gap",
    "Host",
    "Idf",
    "IdfEpoch",
    "Key",
    "KeyBucket",
    "Label",
    "Lease",
    "Link",
    "Membership",
    "Neighbour",
    "Page",
    "Poll",
    "Posting",
    "RawBody",
    "Reading",
    "Review",
    "Robots",
    "Run",
    "Scored",
    "Site",
    "SiteBlock",
    "SitePage",
    "SiteWork",
    "Source",
    "StatedSource",
    "Story",
    "StoryEvent",
    "StoryOrigin",
    "Version",
    "Watch",
    "WatchArticle",
]

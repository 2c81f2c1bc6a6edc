"""Sets made by program for benchmarks/stories.py: what must stay together on dense days, and what must stay apart.

Every made report is written from invented words, so nothing here depends on a data set but the density and look-alikes,
which take the stream's own reports.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import process_time

import numpy as np

from benchmarks.story_sets import DAY, Divide, Stream, joined_share, learnt
from benchmarks.story_sets import scores as partition_scores
from dedup.candidates import Index, salient
from dedup.features import features_of
from dedup.idf import Idf
from dedup.neighbours import chances, pair_hashes
from dedup.similarity import scores, views
from dedup.stories import Item, Partition, StoryRules

MADE = 10**9  # ids of made items start here
SYLLABLES = [consonant + vowel for consonant in "bdfghjklmnprstvwyz" for vowel in ("a", "e", "i", "o", "u", "an", "er")]
FILLERS = ("the", "of", "and", "to", "in", "for", "with", "on", "at", "from", "by", "about", "after", "before", "while")
OPENINGS = (
    "Officials said",
    "Witnesses said",
    "According to reports,",
    "It emerged that",
    "On Monday",
    "Late at night",
)


def word(pick: random.Random) -> str:
    return "".join(pick.choices(SYLLABLES, k=pick.randint(2, 4)))


def name(pick: random.Random) -> str:
    return word(pick).capitalize()


@dataclass(frozen=True)
class Event:
    """A pool of facts about one made event; each fact is told in three wordings."""

    facts: list[list[str]]
    actors: list[str]

    @staticmethod
    def made(seed: int, facts: int = 60) -> "Event":
        """Make an event: five actors, three places, and facts about them with numbers."""
        pick = random.Random(seed)
        actors = [f"{name(pick)} {name(pick)}" for _ in range(5)]
        places = [name(pick) for _ in range(3)]
        return Event([_fact(pick, pick.choice(actors), pick.choice(places)) for _ in range(facts)], actors)

    def report(self, seed: int, facts: int = 14) -> tuple[str, str]:
        """Return a report of its own: a sample of the facts, wordings and openings drawn, words between of its own."""
        pick = random.Random(seed)
        lead, *rest = sorted(pick.sample(range(len(self.facts)), facts))
        sentences = []
        for fact in (lead, *rest):
            told = pick.choice(self.facts[fact])
            own = " ".join(f"{pick.choice(FILLERS)} {word(pick)}" for _ in range(pick.randint(2, 6)))
            sentences.append(f"{pick.choice(OPENINGS)} {told} {own}.")
        return f"{pick.choice(self.actors)} {' '.join(self.facts[lead][0].split()[1:7])}", " ".join(sentences)


def _fact(pick: random.Random, actor: str, place: str) -> list[str]:
    verb, thing, manner = word(pick), word(pick), word(pick)
    other, number = word(pick), pick.randint(11, 990)
    return [
        f"{actor} {verb} the {thing} {other} in {place} {manner} with {number} {thing}",
        f"in {place} the {other} {thing} was {verb} {manner} by {actor.split()[1]}, {number} in all",
        f"{number} {thing} were {verb} in {place}, where {actor} {manner} the {other}",
    ]


def made_event(background: Sequence[Item], idf: Idf, divide: Divide, reports: int = 200) -> dict[str, float]:
    """Put a made event of so many own reports, told within two days, among the others; return how whole it is."""
    event = Event.made(1)
    middle = sorted(item.time or 0.0 for item in background)[len(background) // 2]
    pick = random.Random(2)
    told = [
        Item(MADE + n, middle + pick.random() * 2 * DAY, "en", features_of(*event.report(n))) for n in range(reports)
    ]
    known = Idf.unpack(idf.pack())
    known.learn(item.features for item in told)
    found = divide([*background, *told], {"en": known})
    pieces = [story for story in found.stories if any(item >= MADE for item in story)]
    best = max(pieces, key=lambda story: sum(item >= MADE for item in story))
    own = sum(item >= MADE for item in best)
    return {
        "among": len(background),
        "pieces": len(pieces),
        "recall": own / reports,
        "precision": own / len(best),
        "biggest": max(map(len, found.stories)),
    }


def squeezed(items: Sequence[Item], times: float) -> list[Item]:
    """Return the items with their calendar squeezed: as many times more of them a day."""
    return [replace(item, time=(item.time or 0.0) / times) for item in items]


Series = Callable[[random.Random, int], tuple[str, str]]


def match_report(pick: random.Random, number: int) -> tuple[str, str]:
    """A match report from a template: other clubs, scorers and numbers, the same words."""
    home, away = name(pick), name(pick)
    scorers = [f"{name(pick)} {name(pick)}" for _ in range(3)]
    goals, minutes = (pick.randint(2, 4), pick.randint(0, 1)), sorted(pick.sample(range(2, 90), 3))
    return (
        f"{home} beat {away} {goals[0]}-{goals[1]}",
        f"{home} beat {away} {goals[0]}-{goals[1]} at home on Saturday before {pick.randint(3, 60)},000 spectators. "
        f"{scorers[0]} opened the scoring after {minutes[0]} minutes with a header from a corner kick. {scorers[1]} "
        f"doubled the lead in minute {minutes[1]} when the visitors' defence failed to clear a long ball. {scorers[2]} "
        f"sealed the victory {90 - minutes[2]} minutes before the end from the penalty spot. The home side had "
        f"{pick.randint(40, 70)} per cent of possession and {pick.randint(8, 25)} shots on goal. The manager "
        f"praised the character of the team after matchday {number} and said the players had earned the points.",
    )


def market_report(pick: random.Random, number: int) -> tuple[str, str]:
    """A daily market report from a template."""
    points, share = pick.randint(5000, 30000), pick.randint(1, 300) / 100
    winner, loser = name(pick), name(pick)
    way = pick.choice(("rose", "fell"))
    return (
        f"Stocks {way} {share} per cent on day {number}",
        f"The leading index {way} {share} per cent to {points} points on the stock exchange. Shares of {winner} gained "
        f"{pick.randint(2, 12)}.{number % 10} per cent after the company raised its outlook, while {loser} lost "
        f"{pick.randint(2, 12)}.{pick.randint(0, 9)} per cent after a profit warning. Traders pointed to the yields of "
        f"government bonds, which stood at {pick.randint(1, 5)}.{pick.randint(10, 99)} per cent. Oil "
        f"cost {pick.randint(50, 110)} dollars a barrel and gold {pick.randint(1100, 2400)} dollars an ounce. Turnover "
        f"was {pick.randint(2, 9)} billion, below the average of the past thirty trading days.",
    )


def monthly_statistics(pick: random.Random, number: int) -> tuple[str, str]:
    """A monthly release of a statistical office from a template."""
    rate, people = pick.randint(30, 90) / 10, pick.randint(100, 990)
    region = name(pick)
    return (
        f"Unemployment at {rate} per cent in month {number}",
        f"The unemployment rate stood at {rate} per cent, the statistical office reported. Some {people},000 people "
        f"were out of work, {pick.randint(1, 40)},000 more than a month before. In the region of {region} the rate was "
        f"{pick.randint(30, 120) / 10} per cent. Consumer prices rose {pick.randint(0, 60) / 10} per cent on the year, "
        f"food prices {pick.randint(0, 90) / 10} per cent. The office revised the figure of the month before by "
        f"{pick.randint(1, 9)},000. Economists had expected a rate of {pick.randint(30, 90) / 10} per cent. Seasonally "
        f"adjusted figures are published on the second Thursday of each month.",
    )


# A series by template: how many, and the days between them. A whole matchday is on one day.
SERIES: dict[str, tuple[Series, int, float]] = {
    "weekly_matches": (match_report, 12, 7.0),
    "one_matchday": (match_report, 12, 0.0),
    "daily_markets": (market_report, 20, 1.0),
    "monthly_statistics": (monthly_statistics, 12, 30.0),
}


def series_joined(kind: str, background: Sequence[Item], divide: Divide) -> float:
    """Return the share of a series' reports that stand in a story with another of it; alone, or among others."""
    template, count, days = SERIES[kind]
    pick = random.Random(kind)
    start = min((item.time or 0.0 for item in background), default=0.0) + 5 * DAY
    told = [Item(MADE + n, start + n * days * DAY, "en", features_of(*template(pick, n + 1))) for n in range(count)]
    items = [*background, *told]
    found = divide(items, learnt(items))
    made = (tuple(item for item in story if item >= MADE) for story in found.stories)
    return sum(len(story) for story in made if len(story) > 1) / count


def anniversary_joined(event: Sequence[Item], divide: Divide) -> float:
    """Return the share of reports that stand in a story with what the same words told a year before."""
    later = [replace(item, id=MADE + item.id, time=(item.time or 0.0) + 365 * DAY) for item in event]
    found = divide([*event, *later], learnt([*event, *later]))
    mixed = sum(len(story) for story in found.stories if len({item >= MADE for item in story}) > 1)
    return mixed / (2 * len(event))


def look_alikes(seeds: tuple[Item, Item], others: Sequence[Item], idf: Idf, divide: Divide) -> dict[str, float]:
    """Date reports about the same actors into the seeds' week; return how many join them, and whether the pair holds.

    Each is tried with the seeds alone, so that no other look-alike comes between.
    """
    joined, held = 0, 0
    for other in others:
        near = replace(other, time=(seeds[0].time or 0.0) + (other.id % 7 - 3) * DAY / 2)
        found = divide([*seeds, near], {"en": idf})
        story = next(story for story in found.stories if seeds[0].id in story)
        joined += near.id in story
        held += seeds[1].id in story
    together = divide([*seeds, *(replace(o, time=seeds[0].time) for o in others)], {"en": idf})
    return {
        "tried": len(others),
        "joined": joined,
        "pair_held": held / max(1, len(others)),
        "joined_together": len(next(s for s in together.stories if seeds[0].id in s)) - 2,
    }


def milliseconds_for_new(items: Sequence[Item], idf: Idf, rules: StoryRules, new: int = 200) -> float:
    """Return the CPU milliseconds that each of the last items costs, the others having been indexed before."""
    times = np.array([(item.time or 0.0) / DAY for item in items])
    known, arriving = items[:-new], items[-new:]
    index = Index([salient(item.features, idf, rules.candidates) for item in known], times[:-new])
    started = process_time()
    for number, item in enumerate(arriving, len(known)):
        words = salient(item.features, idf, rules.candidates)
        found, likeness = index.lookup(words, times[number], rules.similarity.window_days, rules.candidates)
        drawn = pair_hashes(found, np.full(len(found), number))
        tried = chances(likeness, drawn, rules.tried) > 0
        of = views([item.features, *(items[place].features for place in found[tried].tolist())], idf)
        others = np.arange(1, int(tried.sum()) + 1)
        chances(scores(of, np.zeros_like(others), others, rules.similarity), drawn[tried], rules.neighbours)
    return 1000 * (process_time() - started) / new


def sizes(found: Partition) -> dict[str, float]:
    """Return how many stories there are and how big the biggest is."""
    counts = Counter(map(len, found.stories))
    return {"stories": len(found.stories), "biggest": max(counts), "joined": joined_share(found)}


def round_ups_joined(
    stream: Stream, items: Sequence[Item], idf: Idf, divide: Divide, words: int = 60
) -> dict[str, float]:
    """Return how many made round-ups join a story, and the stream's pair F1 with them among it.

    A round-up is the titles and first words of four labelled stories of two days.
    """
    pick = random.Random(5)
    days: dict[int, dict[str, Item]] = {}
    for item in pick.sample(list(items), len(items)):
        if story := stream.rows[item.id]["story"]:
            days.setdefault(int((item.time or 0.0) // (2 * DAY)), {}).setdefault(story, item)
    full = sorted(day for day, told in days.items() if len(told) >= 4)
    made = []
    for number, day in enumerate(pick.sample(full, min(60, len(full)))):
        rows = [stream.rows[item.id] for item in list(days[day].values())[:4]]
        body = "\n\n".join(f"{row['title']}. {' '.join(row['body'].split()[:words])}" for row in rows)
        told = next(iter(days[day].values()))
        features = features_of("Morning briefing: what you need to know today", body)
        made.append(Item(MADE + number, told.time, told.language, features))
    found = divide([*items, *made], {"en": idf})
    size = {item: len(story) for story in found.stories for item in story}
    return {
        "round_ups": len(made),
        "joined": sum(size[item.id] > 1 for item in made),
        "pair_f1": partition_scores(stream.truth(), stream.labels(found))["pair_f1"],
    }

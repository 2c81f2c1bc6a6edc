"""Site memory in the database: counted as pages are saved, cut at once, and carried to older articles by fold."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from pipelines.fold.process import fold
from pipelines.fold.rules import FoldRules
from pipelines.reading import Article as Said
from pipelines.reading import Block
from pipelines.relabelling import FOUND_FOR, relabel_waiting
from pipelines.save import save
from pipelines.site_memory import MOST_BLOCKS, PAGES_A_DAY, digest, stored
from storage import models, sites
from storage.checks import breaches, invariants
from storage.engine import Database
from storage.rereading import mark_unread
from tests.pipelines.test_save import NOON, SITE, fetch, read

FOOT = "Get the tide tables by post"
DAY = timedelta(days=1)
ELSEWHERE = "https://voice.example.org"


def story(name: str, *lines: str, title: str = "", description: str | None = None) -> Said:
    own = [f"{name}: the {part} part of a story that nobody else tells" for part in ("first", "second", "third")]
    blocks = tuple(Block(line) for line in [*own, *lines])
    return Said("article", title or name, blocks, description=description, reader="test")


def come(database: Database, *names: str, days: Sequence[int] = (0, 0, 1), site: str = SITE, line: str = FOOT) -> None:
    """Save one article a name, each with the line, on these days."""
    for name, day in zip(names, days, strict=True):
        read(database, f"{site}/{name}-1", story(name, line), NOON + day * DAY)


def text_of(database: Database, name: str, site: str = SITE) -> str:
    with database.read() as session:
        query = select(models.Reading.text).join(models.Article, models.Article.id == models.Reading.article_id)
        return session.scalars(query.where(models.Article.url == f"{site}/{name}-1", models.Reading.is_current)).one()


def shows(database: Database, *names: str, line: str = FOOT, site: str = SITE) -> list[bool]:
    """Tell of each article whether the line is part of its text."""
    return [line in text_of(database, name, site) for name in names]


def counted(database: Database, line: str = FOOT, site: str = "example.com") -> tuple[int, int, bool] | None:
    """On how many groups and days a site's memory has a block, and whether it is furniture."""
    query = select(models.SiteBlock).join(models.Site).where(models.Site.name == site)
    with database.read() as session:
        row = session.scalars(query.where(models.SiteBlock.digest == stored(digest(line)))).first()
        return (row.page_groups, row.days, row.furniture_since is not None) if row else None


def waiting(database: Database) -> int:
    with database.read() as session:
        return sites.waiting_count(session)


def check(database: Database) -> None:
    """Check every invariant."""
    with database.read() as session:
        checked = invariants(database.dialect)
        assert [breach for breach in breaches(session, checked, 5) if breach] == []


def test_the_page_that_shows_a_line_once_too_often_loses_it_at_once_and_the_older_ones_with_the_next_fold(
    database: Database,
) -> None:
    come(database, "whale", "storm", "lamp")
    assert shows(database, "whale", "storm", "lamp") == [True, True, False]
    assert (counted(database), waiting(database)) == ((3, 2, True), 2)
    check(database)
    assert fold(database, FoldRules()) == 3
    assert shows(database, "whale", "storm", "lamp") == [False, False, False]
    assert waiting(database) == 0
    check(database)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(models.Version)) == 3
        older = select(models.Reading).where(models.Reading.number == 2)
        for reading in session.scalars(older):
            assert reading.is_current
            assert reading.keyed_at is not None
            label = session.scalars(select(models.Label).where(models.Label.reading_id == reading.id)).one()
            assert (label.position, label.label, label.rule) == (3, "site", "site_memory")


def test_what_only_one_day_has_printed_stays(database: Database) -> None:
    come(database, "whale", "storm", "lamp", "gull", days=(0, 0, 0, 0))
    assert counted(database) == (4, 1, False)
    assert all(shows(database, "whale", "storm", "lamp", "gull"))
    come(database, "moon", days=(1,))
    assert counted(database) == (5, 2, True)


def test_an_article_under_three_addresses_and_its_later_versions_teach_nothing(database: Database) -> None:
    for day, path in enumerate(("whale-1", "sea/whale-2", "print/whale-3")):
        read(database, f"{SITE}/{path}", story("whale", FOOT), NOON + day * DAY)
    read(database, f"{SITE}/whale-1", story("whale", "And a fourth part.", FOOT), NOON + 3 * DAY)
    assert counted(database) == (1, 3, False)
    assert counted(database, "And a fourth part.") == (0, 0, False)
    check(database)


def test_a_page_that_belongs_to_two_groups_makes_them_one(database: Database) -> None:
    halves = [[f"Part {part} of {name}" for part in "abcd"] for name in ("whale", "storm")]
    for at, lines in enumerate([*halves, [*halves[0][:2], *halves[1][:2]]]):
        said = Said("article", f"Title {at}", tuple(Block(line) for line in [*lines, FOOT]), reader="test")
        read(database, f"{SITE}/page-{at}", said, NOON + at * DAY)
    assert counted(database) == (1, 3, False)
    assert counted(database, halves[1][3]) == (1, 1, False)
    check(database)


def test_a_page_keeps_its_own_title_and_description(database: Database) -> None:
    come(database, "whale", "storm", "lamp")
    read(database, f"{SITE}/titled-1", story("titled", FOOT, title=FOOT), NOON + DAY)
    read(database, f"{SITE}/told-1", story("told", FOOT, description=FOOT), NOON + DAY)
    fold(database, FoldRules())
    assert shows(database, "whale", "titled", "told") == [False, True, True]


def test_what_another_site_prints_too_is_text_again_everywhere(database: Database) -> None:
    come(database, "whale", "storm", "lamp")
    fold(database, FoldRules())
    come(database, "moon", site=ELSEWHERE, days=(1,))
    assert shows(database, "moon", site=ELSEWHERE) == [True]
    read(database, f"{SITE}/gull-1", story("gull", FOOT), NOON + 2 * DAY)
    assert shows(database, "gull") == [True]  # at once, before anybody has written it down
    fold(database, FoldRules())
    assert all(shows(database, "whale", "storm", "lamp", "gull"))
    assert counted(database) == (4, 3, False)
    come(database, "tide", "dune", site=ELSEWHERE, days=(2, 3))
    assert counted(database, site="example.org") == (3, 3, False)
    check(database)


def test_a_later_version_that_holds_the_line_is_found_when_it_is_learnt(database: Database) -> None:
    read(database, f"{SITE}/dam-1", story("dam"), NOON)
    read(database, f"{SITE}/dam-1", story("dam", FOOT), NOON + DAY)
    come(database, "whale", "storm", "lamp")
    fold(database, FoldRules())
    assert shows(database, "dam") == [False]


def test_a_page_whose_furniture_was_learnt_since_has_not_changed(database: Database) -> None:
    come(database, "whale", "storm", "lamp")
    again = read(database, f"{SITE}/whale-1", story("whale", FOOT), NOON + 2 * DAY)
    assert not again.is_changed
    assert shows(database, "whale") == [False]
    assert read(database, f"{SITE}/storm-1", story("storm", "More.", FOOT), NOON + 2 * DAY).is_changed
    relabel_waiting(database, NOON)
    assert text_of(database, "storm").endswith("More.")


def test_a_page_that_is_read_again_counts_once_and_keeps_its_labels(database: Database) -> None:
    come(database, "whale", "storm", "lamp")
    fold(database, FoldRules())
    with database.write() as session:
        assert mark_unread(session) == 3
    come(database, "whale", "storm", "lamp")
    assert (counted(database), waiting(database)) == ((3, 2, True), 0)
    assert shows(database, "whale", "storm", "lamp") == [False, False, False]
    check(database)


def test_half_a_page_teaches_nothing_until_the_whole_comes(database: Database) -> None:
    read(database, f"{SITE}/dam-1", story("dam", FOOT), NOON, is_partial=True)
    assert counted(database) == (0, 0, False)
    read(database, f"{SITE}/dam-1", story("dam", FOOT, "And more."), NOON)
    assert counted(database) == (1, 1, False)


def test_only_so_many_readings_are_made_in_a_run_and_the_rest_waits(database: Database) -> None:
    come(database, "whale", "storm", "gull", "lamp", days=(0, 0, 0, 1))
    assert waiting(database) == 3
    assert relabel_waiting(database, NOON, most=2) == 2
    assert (waiting(database), shows(database, "whale", "storm", "gull")) == (1, [False, False, True])
    check(database)
    assert relabel_waiting(database, NOON) == 1
    assert relabel_waiting(database, NOON) == 0
    assert not any(shows(database, "whale", "storm", "gull", "lamp"))


def test_a_step_that_is_killed_leaves_nothing_half_done(database: Database) -> None:
    come(database, "whale", "storm", days=(0, 0))
    with pytest.raises(KeyboardInterrupt):
        _killed(database, "lamp")
    assert counted(database) == (2, 1, False)
    check(database)


def _killed(database: Database, name: str) -> None:
    with database.write() as session:
        at = NOON + DAY
        save(session, fetch(session, f"{SITE}/{name}-1", at), story(name, FOOT), at)
        assert sites.waiting_count(session) == 2
        raise KeyboardInterrupt


@pytest.mark.parametrize("for_good", [False, True])
def test_a_site_that_is_forgotten_gives_its_lines_back(database: Database, for_good: bool) -> None:
    come(database, "whale", "storm", "lamp")
    fold(database, FoldRules())
    with database.write() as session:
        assert sites.forget(session, sites.lock(session, "example.com").id, for_good=for_good) == 3
    check(database)
    fold(database, FoldRules())
    assert all(shows(database, "whale", "storm", "lamp"))
    come(database, "gull", "moon", "tide", days=(2, 2, 3))
    assert (counted(database) == (0, 0, False)) == for_good
    assert shows(database, "tide") == [for_good]
    check(database)


def test_the_oldest_pages_are_forgotten_and_what_is_learnt_stays_learnt(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.site_memory.PAGES", 4)
    monkeypatch.setattr("pipelines.site_memory.SLACK", 0)
    come(database, "whale", "storm", "lamp")
    for day in range(2, 8):
        read(database, f"{SITE}/plain-{day}", story(f"plain {day}"), NOON + day * DAY)
    check(database)
    assert counted(database) == (0, 0, True)
    with database.read() as session:
        taught = select(func.count()).select_from(models.SitePage).where(models.SitePage.page_group.is_not(None))
        assert session.scalar(taught) == 4
    fold(database, FoldRules())
    assert not any(shows(database, "whale", "storm", "lamp"))
    relabel_waiting(database, NOON + FOUND_FOR + 4 * DAY)  # their rows go, and with them only what was in them
    come(database, "gull", days=(9,))
    assert shows(database, "gull") == [False]
    come(database, "moon", site=ELSEWHERE, days=(9,))
    fold(database, FoldRules())
    assert all(shows(database, "whale", "storm", "lamp"))
    check(database)


def test_a_day_teaches_no_more_than_its_share_and_its_other_pages_lose_the_line_all_the_same(
    database: Database,
) -> None:
    names = [f"story{chr(97 + at // 26)}{chr(97 + at % 26)}" for at in range(PAGES_A_DAY + 2)]
    come(database, *names, "lamp", days=[0] * len(names) + [1])
    assert counted(database) == (PAGES_A_DAY + 1, 2, True)
    fold(database, FoldRules())
    assert not any(shows(database, *names))
    check(database)


def test_many_writers_lose_no_count(database: Database) -> None:
    names = [f"story{chr(97 + at)}" for at in range(12)]
    come(database, "whale", days=(0,))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda at: come(database, names[at], days=(at % 3,)), range(len(names))))
    assert counted(database) == (13, 3, True)
    check(database)
    fold(database, FoldRules())
    assert not any(shows(database, *names))
    check(database)


def test_a_jump_in_what_is_cut_of_a_site_is_told_in_source_health(database: Database) -> None:
    wall = "To read on you need a subscription, " * 3
    for at in range(45):
        lines = [wall] if at >= 21 else []
        read(database, f"{SITE}/number-{at}", story(f"number {chr(97 + at % 26)} {at // 26 * 'x'}", *lines),
             NOON + at // 9 * DAY)  # fmt: skip
    with database.read() as session:
        told: str = session.execute(text("SELECT cut_jump FROM source_health")).scalar_one()
    share, _, rest = told.partition("%")
    assert 30 < int(share) < 50
    assert rest == " of the text of the last 20 pages of example.com is cut as the site's own, 0% of the pages before"
    for at in range(45, 90):
        read(database, f"{SITE}/number-{at}", story(f"number {chr(97 + at % 26)} {at // 26 * 'x'}"), NOON + at * DAY)
    with database.read() as session:
        assert session.execute(text("SELECT cut_jump FROM source_health")).scalar_one() is None


@pytest.mark.parametrize("printed", ["beside many", "later", "though forgotten", "before it was forgotten"])
def test_what_another_site_has_printed_on_whatever_page_is_nobodys_furniture(database: Database, printed: str) -> None:
    wire = story("wire", FOOT)
    if printed == "beside many":
        names = [f"story{chr(97 + at // 26)}{chr(97 + at % 26)}" for at in range(PAGES_A_DAY)]
        come(database, *names, site=ELSEWHERE, days=[0] * PAGES_A_DAY, line="Something else")
    if printed == "later":
        read(database, f"{ELSEWHERE}/wire-1", story("wire"), NOON)
    if printed == "though forgotten":
        come(database, "moon", site=ELSEWHERE, days=(0,), line="Something else")
        _forget(database, for_good=True)
    read(database, f"{ELSEWHERE}/wire-1", wire, NOON)
    if printed == "before it was forgotten":
        _forget(database, for_good=False)
    come(database, "whale", "storm", "lamp")
    fold(database, FoldRules())
    assert all(shows(database, "whale", "storm", "lamp"))
    check(database)


def _forget(database: Database, *, for_good: bool) -> None:
    with database.write() as session:
        sites.forget(session, sites.lock(session, "example.org").id, for_good=for_good)


def test_what_a_site_printed_outlives_its_oldest_pages_and_is_dropped_when_nobody_compares_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.site_memory.PAGES", 4)
    monkeypatch.setattr("pipelines.site_memory.SLACK", 0)
    come(database, "wire", site=ELSEWHERE, days=(0,))
    for day in range(1, 7):
        read(database, f"{ELSEWHERE}/plain-{day}", story(f"plain {chr(97 + day)}"), NOON + day * DAY)
    assert counted(database, site="example.org") == (0, 0, False)
    come(database, "whale", "storm", "lamp", days=(0, 0, 6))
    relabel_waiting(database, NOON + 6 * DAY)
    assert all(shows(database, "whale", "storm", "lamp"))
    relabel_waiting(database, NOON + FOUND_FOR)
    assert counted(database, site="example.org") == (0, 0, False)
    relabel_waiting(database, NOON + FOUND_FOR + DAY)
    assert counted(database, site="example.org") is None
    check(database)


def test_a_page_of_too_many_blocks_leaves_no_trace(database: Database) -> None:
    lines = [f"Line {chr(97 + at % 26) * (at // 26 + 1)}" for at in range(MOST_BLOCKS)]
    read(database, f"{SITE}/whale-1", story("whale", *lines), NOON)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(models.SiteBlock)) == 0
        assert session.scalar(select(func.count()).select_from(models.SitePage)) == 0

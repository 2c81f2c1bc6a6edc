"""`storyfold doctor` is silent on a lawful database and names each fault that is planted in it."""

import json

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from storage.checks import FOLDER, breaches, invariants
from storage.engine import Database
from tests.console.cli import Cli
from tests.console.planted import World

# invariant -> what breaks it. Names in braces are what the planted world knows.
FAULTS = {
    "page_states": "UPDATE page SET state = 'fetching', leased_until = found_at, run_id = NULL WHERE id = 1",
    "fetched_pages_have_bytes": "UPDATE page SET state = 'fetched' WHERE id = 1",
    "bytes_are_read": "UPDATE raw_body SET read_at = NULL WHERE page_id = 1",
    "read_pages_end": "UPDATE page SET article_id = NULL WHERE id = 1",
    "one_current_reading": "UPDATE reading SET is_current = (1 = 0) WHERE id = {reading}",
    "readings_fit_versions": "UPDATE version SET article_id = {other}, number = 2 WHERE article_id = {article}",
    "versions_are_numbered": "UPDATE version SET number = 3 WHERE article_id = {article}",
    "labels_name_blocks": "UPDATE label SET position = 7 WHERE reading_id = {reading}",
    "steps_in_order": "UPDATE reading SET keyed_at = NULL WHERE id = {reading}",
    "one_copy_group": "UPDATE article SET copy_group_id = NULL WHERE id = {article}",
    "one_membership": "DELETE FROM membership WHERE article_id = {article}",
    "only_articles_are_folded": "UPDATE reading SET kind = 'video' WHERE id = {reading}",
    "links_cite_readings": "UPDATE link SET reading_b_id = {other_reading}",
    "copies_share_a_group": "UPDATE article SET copy_group_id = 2 WHERE id = {article}",
    "groups_hang_together": "DELETE FROM link",
    "copied_from_within_group": "UPDATE article SET copied_from_id = {other} WHERE id = {article}",
    "one_vote_a_group": "UPDATE membership SET story_id = {harvest} WHERE article_id = {article}",
    "story_counters": "UPDATE story SET outlets = 7 WHERE id = {bridge}",
    "story_origins": "UPDATE story SET origins = 7 WHERE id = {bridge}",
    "merged_stories_are_empty": "UPDATE membership SET story_id = {merged} WHERE article_id = {article}",
    "story_ids_resolve": "UPDATE story SET state = 'merged', merged_into_id = {merged} WHERE id = {bridge}",
    "copy_group_ids_resolve": "UPDATE copy_group SET merged_into_id = CASE id WHEN 1 THEN 2 ELSE 1 END WHERE id < 3",
    "memberships_are_proven": "UPDATE membership SET left_reason = 'gone' WHERE article_id = {article}",
    "keys_are_current": "UPDATE reading SET bucket = NULL WHERE id = {reading}",
    "runs_end": "UPDATE run SET finished_at = NULL",
    "failing_feeds_say_why": (
        "INSERT INTO feed (source_id, url, key, kind, is_enabled, next_poll_at, interval_seconds, failures) "
        "SELECT source_id, 'x', key, 'rss', (1 = 1), found_at, 1, 3 FROM page WHERE id = 1"
    ),
    "closed_gaps_were_fetched": "UPDATE page SET fetched_at = NULL WHERE gap_id IS NOT NULL",
    "gaps_are_decided": "UPDATE gap SET pages_missed = 0",
    "references_lead_somewhere": "UPDATE page SET feed_id = 999 WHERE id = 1",
    "matches_cite_readings": "UPDATE watch_article SET reading_id = {other_reading} WHERE article_id = {article}",
    "gone_articles_are_gone": "UPDATE article SET gone_at = first_seen_at WHERE id = {article}",
    "sites_count_what_pages_show": "UPDATE site_block SET page_groups = 2",
    "decisions_hold": (
        "INSERT INTO decision_link (decision_id, article_a_id, article_b_id, kind) "
        "SELECT id, {other}, {article}, 'cannot_link' FROM decision"
    ),
    "scores_are_whole": "UPDATE neighbour SET epoch = 99",
    "decisions_are_cited": "UPDATE membership SET decision_id = 1 WHERE article_id = {article}",
    "reviews_are_decided": "UPDATE review SET answer = 'no'",
    "cut_lines_are_furniture": (
        "UPDATE label SET digest = (SELECT digest FROM site_block) WHERE reading_id = {reading}"
    ),
    "file_is_sound": None,  # needs a broken file
}


def broken(database: Database) -> set[str]:
    with database.read() as session:
        found = breaches(session, invariants(database.dialect), samples=3)
        return {breach.invariant.name for breach in found if breach}


def test_every_invariant_has_a_fault_to_find_and_says_what_it_holds() -> None:
    files = {path.name.partition(".")[0].partition("_")[2] for path in FOLDER.glob("*.sql")}
    assert files == set(FAULTS)
    for invariant in invariants("sqlite"):
        assert invariant.sentence.endswith(".")
        assert invariant.sentence[0].isupper()


def test_a_lawful_database_is_found_lawful(cli: Cli, world: World, database: Database) -> None:
    assert broken(database) == set()
    said = cli("doctor")
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith("invariants hold.\n")


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault])
def test_a_planted_fault_is_named(world: World, database: Database, name: str) -> None:
    statement = (FAULTS[name] or "").format(
        article=world.articles["Gazette"],
        reading=world.readings["Gazette"],
        other=world.articles["Ledger"],
        other_reading=world.readings["Ledger"],
        bridge=world.bridge,
        harvest=world.harvest,
        merged=world.merged,
    )
    if name not in {invariant.name for invariant in invariants(database.dialect)}:  # PostgreSQL does not let it happen
        with pytest.raises(IntegrityError), database.write() as session:
            session.execute(text(statement))
        return
    with database.engine.connect() as connection:
        if database.dialect == "sqlite":  # faults that the database itself would refuse
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        assert connection.execute(text(statement)).rowcount
        connection.commit()
    assert name in broken(database)


def test_a_breach_is_shown_with_its_rows_and_an_exit_code(cli: Cli, world: World, database: Database) -> None:
    with database.write() as session:
        session.execute(text("UPDATE story SET outlets = 7, copy_groups = 9"))
    said = cli("doctor", "--samples", "1")
    assert said.code == 1
    assert "BROKEN story_counters: The counters, dates and first report of every story equal a recount." in said.out
    assert "3 rows break it" in said.out
    told = {one["invariant"]: one for one in json.loads(cli("doctor", "--json", "--samples", "2").out)}
    assert (told["story_counters"]["rows"], len(told["story_counters"]["samples"])) == (3, 2)
    assert told["page_states"]["rows"] == 0

"""`storyfold explain`, on databases folded from texts: what joins two articles, or the test that keeps them apart."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from pipelines.fold.process import fold
from pipelines.fold.rules import FoldRules
from storage.engine import Database
from storage.models import Article, CopyGroup, Link
from tests.console.cli import Cli
from tests.pipelines.arriving import NOON, Arrival, arrive, made_text

TEXT = made_text(1, 240)


@pytest.fixture
def here(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("STORYFOLD_DATABASE", database.engine.url.render_as_string(hide_password=False))
    return database


def folded(database: Database, *arrivals: Arrival) -> dict[str, int]:
    found = arrive(database, *arrivals)
    fold(database, FoldRules())
    return found


def told(cli: Cli, a: int, b: int) -> Any:
    said = cli("explain", str(a), str(b), "--json")
    assert said.code == 0, said.err
    return json.loads(said.out)


def shown(cli: Cli, a: int, b: int) -> str:
    return cli("explain", str(a), str(b)).out


def half_of_each(one: str, other: str, words: int) -> str:
    return " ".join([*one.split()[:words], *other.split()[words:]])


def test_a_kind_that_is_not_folded_is_why(cli: Cli, here: Database) -> None:
    ids = folded(here, Arrival("a", TEXT), Arrival("b", TEXT, kind="video"))
    assert told(cli, ids["a"], ids["b"])["why_no_copy"] == (
        f"article {ids['b']} is not compared with others: it is of kind video, and only kind article is folded"
    )
    assert "Not one text: article" in shown(cli, ids["a"], ids["b"])


def test_a_text_that_waits_is_why(cli: Cli, here: Database) -> None:
    ids = folded(here, Arrival("a", TEXT)) | arrive(here, Arrival("b", TEXT))
    found = told(cli, ids["a"], ids["b"])
    assert found["why_no_copy"].endswith("it waits to be folded")
    assert found["why_apart"] == f"article {ids['b']} is in no story: it waits to be folded"


def test_days_outside_the_window_are_why(cli: Cli, here: Database) -> None:
    ids = folded(here, Arrival("a", TEXT), Arrival("b", TEXT, hours=24 * 45))
    found = told(cli, ids["a"], ids["b"])
    assert found["why_no_copy"].startswith("they are 45.0 days apart, and copies are looked for within 30")
    (window,) = [test for test in found["copy_tests"] if test["test"] == "window"]
    assert (window["is_passed"], window["value"], window["needed"]) == (False, 45.0, 30)


def test_languages_play_no_part_for_copies(cli: Cli, here: Database) -> None:
    ids = folded(here, Arrival("a", TEXT, language="en"), Arrival("b", TEXT, language="de"))
    assert told(cli, ids["a"], ids["b"])["one_copy_group"]
    other = folded(here, Arrival("c", made_text(9), language="de"))
    assert "Their languages (en and de) play no part in whether they are one text." in shown(cli, ids["a"], other["c"])


def test_texts_without_common_keys_say_how_many_are_needed(cli: Cli, here: Database) -> None:
    ids = folded(
        here, Arrival("a", TEXT, "First of all headlines"), Arrival("b", made_text(2), "Second in the row here")
    )
    found = told(cli, ids["a"], ids["b"])
    assert found["why_no_copy"] == "copy: Jaccard of word triples 0.00, needed 0.40"
    assert (found["keys"]["shared"], found["keys"]["needed"], found["keys"]["is_candidate"]) == (0, 2, False)
    assert found["keys"]["a"] > 40
    assert "They share 0 keys of" in shown(cli, ids["a"], ids["b"])


def test_texts_that_were_compared_say_which_test_of_the_text_failed(cli: Cli, here: Database) -> None:
    ids = folded(here, Arrival("a", TEXT), Arrival("b", half_of_each(TEXT, made_text(2, 240), 115)))
    found = told(cli, ids["a"], ids["b"])
    assert found["why_no_copy"].startswith("copy: Jaccard of word triples 0.3")
    assert found["keys"]["is_candidate"]
    assert found["links"][0]["kind"] == "revision"
    assert "share 0 keys" not in shown(cli, ids["a"], ids["b"])


def test_copies_without_a_link_of_their_own_are_both_copies_of_another(cli: Cli, here: Database) -> None:
    ids = folded(here, *(Arrival(name, TEXT, hours=hour) for hour, name in enumerate("abcdefgh")))
    with here.read() as session:
        links = session.execute(select(Link.article_a_id, Link.article_b_id).where(Link.kind == "copy"))
        linked = {(one, other) for one, other in links}
    one, other = min({(x, y) for x in ids.values() for y in ids.values() if x < y} - linked)
    found = told(cli, one, other)
    assert found["one_copy_group"]
    assert found["is_same_text"]
    assert found["chain"]["is_searched"]
    start, between, end = found["chain"]["articles"]
    assert (start, end) == (one, other)
    assert {(min(one, between), max(one, between)), (min(between, other), max(between, other))} <= linked
    assert f"Both are copies of article {between}." in shown(cli, one, other)
    assert told(cli, *min(linked))["chain"] is None


def drifting(steps: int, words: int = 240) -> list[str]:
    """Texts each of which has an eighth of the one before replaced by words of its own."""
    portion, texts = words // 8, [made_text(100, words).replace(".", "").split()]
    for step in range(1, steps):
        fresh = made_text(100 + step, portion).replace(".", "").split()
        at = (step - 1) * portion % words
        texts.append([*texts[-1][:at], *fresh, *texts[-1][at + portion :]])
    return [" ".join(text) for text in texts]


def test_copies_of_copies_that_drifted_apart_say_how_little_is_left(cli: Cli, here: Database) -> None:
    texts = drifting(12)
    ids = folded(here, *(Arrival(f"d{number}", text) for number, text in enumerate(texts)))
    with here.read() as session:
        groups = {row.id: row.copy_group_id for row in session.execute(select(Article.id, Article.copy_group_id))}
        assert all(session.scalars(select(CopyGroup.is_part).where(CopyGroup.id.in_(groups.values()))))
        copies = session.execute(
            select(Link.article_a_id, Link.article_b_id).where(Link.kind == "copy").order_by(Link.jaccard.desc())
        )
        pair = next((a, b) for a, b in copies if groups[a] != groups[b])
    found = told(cli, *pair)
    assert "of a text that has drifted" in found["why_no_copy"]
    assert found["copy_tests"][-1]["test"] == "cohesion"
    assert found["copy_tests"][-1]["value"] < found["copy_tests"][-1]["needed"] == pytest.approx(0.3)
    ends = ids["d0"], ids["d11"]
    assert told(cli, *ends)["why_no_copy"].startswith("copy: Jaccard of word triples 0.0")
    assert told(cli, *ends)["chain"]["articles"][0 :: len(told(cli, *ends)["chain"]["articles"]) - 1] == list(ends)
    assert "Copies of copies lead from one to the other:" in shown(cli, *ends)


def test_who_was_first_is_said_or_why_it_cannot_be(cli: Cli, here: Database) -> None:
    ids = folded(here, Arrival("a", TEXT), Arrival("b", TEXT, hours=1))
    with here.write() as session:
        for name, early, late in (("a", 0, 30), ("b", 20, None)):
            bounds = {
                "earliest_at": NOON + timedelta(minutes=early),
                "latest_at": None if late is None else NOON + timedelta(minutes=late),
            }
            session.execute(update(Article).where(Article.id == ids[name]).values(bounds))
    found = told(cli, ids["a"], ids["b"])["order"]
    assert (found["first"], found["earliest_b"], found["latest_b"]) == (None, "2026-06-01T12:20:00.000Z", None)
    assert (
        "Who was first is undetermined, their times overlap: article 1 between 2026-06-01 12:00 UTC and "
        "2026-06-01 12:30 UTC; article 2 not before 2026-06-01 12:20 UTC."
    ) in shown(cli, ids["a"], ids["b"])
    with here.write() as session:
        session.execute(update(Article).where(Article.id == ids["b"]).values(earliest_at=NOON + timedelta(minutes=31)))
    assert told(cli, ids["b"], ids["a"])["order"]["first"] == ids["a"]
    assert (
        "Article 1 was published first for certain: by 2026-06-01 12:30 UTC, article 2 not before 2026-06-01 12:31"
        in (shown(cli, ids["b"], ids["a"]))
    )


def test_a_story_says_where_the_order_of_a_copy_is_undetermined(cli: Cli, here: Database) -> None:
    ids = folded(here, Arrival("a", TEXT), Arrival("b", TEXT, hours=0.5))
    with here.write() as session:
        session.execute(update(Article).where(Article.id == ids["b"]).values(copied_order="undetermined"))
    assert "copy of article 1's text (Example), 100% of its words, order undetermined: Example, 30 minutes behind" in (
        cli("story", "1").out
    )

from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.epochs import YOUNG, Epoch
from dedup.features import Features, features_of
from dedup.idf import Idf
from dedup.similarity import SimilarityRules, similarity
from tests.dedup import made

REPORTS = [features_of(made.text(seed, 6), made.text(seed, 40)) for seed in range(6)]


@given(st.lists(st.lists(st.sampled_from(REPORTS), max_size=4), max_size=4))
@settings(max_examples=30)
def test_a_score_can_be_computed_again_whatever_was_read_since(batches: list[list[Features]]) -> None:
    epoch, read, kept = Epoch.first("en"), Idf(), []
    for batch in batches:
        read.learn(batch)
        epoch = epoch.next(read, [batch])
        kept.append((epoch.idf.pack(), similarity(REPORTS[0], REPORTS[1], epoch.idf, SimilarityRules())))
    for packed, score in kept:
        assert similarity(REPORTS[0], REPORTS[1], Idf.unpack(packed), SimilarityRules()) == score


def test_epochs_are_cut_often_at_first_and_seldom_later() -> None:
    epoch, read = Epoch.first("sv"), Idf()
    assert epoch.is_due(1)
    assert not epoch.is_due(0)
    read.learn(REPORTS * 50)
    epoch = epoch.next(read)
    assert not epoch.is_due(375)
    assert epoch.is_due(376)
    assert (epoch.language, epoch.number, epoch.idf.documents, epoch.read) == ("sv", 1, 300, 300)
    assert epoch.is_young
    read.learn(REPORTS * 150)
    epoch = epoch.next(read)
    assert (epoch.is_young, epoch.is_due(1260), epoch.is_due(1261)) == (False, False, True)


def test_reports_of_one_story_count_as_one_but_were_all_read() -> None:
    read = Idf()
    read.learn(REPORTS * (YOUNG // 6 + 1))
    epoch = Epoch.first("en").next(read, [[REPORTS[0]] * 100])
    assert (epoch.read, epoch.is_young) == (read.documents, False)
    assert epoch.idf.documents == read.documents - 90

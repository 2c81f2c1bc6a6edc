from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.epochs import Epoch
from dedup.features import Features, features_of
from dedup.similarity import SimilarityRules, similarity
from tests.dedup import made

REPORTS = [features_of(made.text(seed, 6), made.text(seed, 40)) for seed in range(6)]


@given(st.lists(st.lists(st.sampled_from(REPORTS), max_size=4), max_size=4))
@settings(max_examples=30)
def test_a_score_can_be_computed_again_whatever_was_read_since(batches: list[list[Features]]) -> None:
    epoch, kept = Epoch.first("en"), []
    for batch in batches:
        epoch = epoch.next(batch, [batch])
        kept.append((epoch.pack(), similarity(REPORTS[0], REPORTS[1], epoch.idf, SimilarityRules())))
    for number, (packed, score) in enumerate(kept, 1):
        again = Epoch.unpack("en", packed)
        assert (again.number, again.pack()) == (number, packed)
        assert similarity(REPORTS[0], REPORTS[1], again.idf, SimilarityRules()) == score


def test_epochs_are_cut_often_at_first_and_seldom_later() -> None:
    epoch = Epoch.first("sv")
    assert epoch.is_due(1)
    assert not epoch.is_due(0)
    epoch = epoch.next(REPORTS * 50)
    assert not epoch.is_due(15)
    assert epoch.is_due(16)
    assert (epoch.language, epoch.number, epoch.idf.documents) == ("sv", 1, 300)

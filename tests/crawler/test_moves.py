"""Which address of a feed is believed."""

from hypothesis import given
from hypothesis import strategies as st

from crawler.polling.moves import BELIEVED, GIVEN_UP, after_answer, after_failure
from storage.feeds import Address

A, B, C = "https://a.example/f", "https://b.example/f", "https://c.example/f"


def test_three_permanent_redirects_to_one_place_are_believed() -> None:
    address = Address(A)
    for count in range(1, BELIEVED):
        address = after_answer(address, B, [301])
        assert address == Address(A, None, B, count)
    assert after_answer(address, B, [308, 301]) == Address(B, A)


def test_another_place_or_a_temporary_redirect_begins_anew() -> None:
    twice = Address(A, None, B, 2)
    assert after_answer(twice, C, [301]) == Address(A, None, C, 1)
    assert after_answer(twice, B, [301, 302]) == Address(A)
    assert after_answer(twice, A, []) == Address(A)


def test_the_configured_address_is_kept_over_several_moves_and_back() -> None:
    assert after_answer(Address(B, A, C, 2), C, [301]) == Address(C, A)
    assert after_answer(Address(B, A, A, 2), A, [301]) == Address(A)


def test_a_redirect_from_https_to_http_is_never_believed() -> None:
    assert after_answer(Address(A, None, None, 2), "http://a.example/f", [301]) == Address(A)
    assert after_answer(Address("http://a.example/f"), A, [301]).moves == 1


def test_a_way_that_leaves_https_is_never_believed_wherever_it_ends() -> None:
    plain = "http://a.example/f"
    assert after_answer(Address(A, None, B, 2), B, [301, 301], [A, plain]) == Address(A)
    assert after_answer(Address(plain, None, B, 2), B, [301, 301, 301], [plain, A, plain]) == Address(plain)
    assert after_answer(Address(plain, None, B, 2), B, [301, 301], [plain, A]) == Address(B, plain)


def test_a_moved_feed_that_keeps_failing_goes_back() -> None:
    assert after_failure(Address(B, A), GIVEN_UP - 1) is None
    assert after_failure(Address(B, A), GIVEN_UP) == Address(A)
    assert after_failure(Address(A), 100) is None


answers = st.lists(
    st.tuples(st.sampled_from([A, B, C]), st.lists(st.sampled_from([301, 302, 307, 308]), max_size=3)), max_size=30
)


@given(answers)
def test_whatever_is_answered_the_configured_address_is_not_lost(history: list[tuple[str, list[int]]]) -> None:
    address = Address(A)
    for landed, statuses in history:
        address = after_answer(address, landed, statuses)
        assert address.former_url in (None, A)
        assert (address.former_url is None) == (address.url == A)
        assert 0 <= address.moves < BELIEVED
        assert (address.moves == 0) == (address.moved_to is None)

"""Which address of a feed is believed, by where its permanent redirects led. Decides, and does nothing."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from storage.feeds import Address

if TYPE_CHECKING:
    from collections.abc import Sequence

PERMANENT: Final = frozenset({301, 308})
# Answers in a row: an expired domain, a login page of a hotel and a mistake of an afternoon redirect permanently, too.
BELIEVED: Final = 3
GIVEN_UP: Final = 3  # failures in a row at the new address


def after_answer(address: Address, landed: str, statuses: Sequence[int], over: Sequence[str] = ()) -> Address:
    """Return the address after a good answer that came from ``landed`` over redirects of these ``statuses``.

    A redirect from https to http is followed and never believed, wherever it is among the addresses on the way
    (``over``): who can change what goes over http could have sent us anywhere from there.
    """
    way = [url.startswith("https:") for url in (address.url, *over, landed)]
    is_downgrade = any(before and not after for before, after in pairwise(way))
    if landed == address.url or is_downgrade or not statuses or not PERMANENT.issuperset(statuses):
        return replace(address, moved_to=None, moves=0)
    moves = address.moves + 1 if landed == address.moved_to else 1
    if moves < BELIEVED:
        return replace(address, moved_to=landed, moves=moves)
    configured = address.former_url or address.url
    return Address(landed, configured if configured != landed else None)


def after_failure(address: Address, failures: int) -> Address | None:
    """Return the configured address once a believed one has failed too often; None: it stays."""
    return Address(address.former_url) if address.former_url and failures >= GIVEN_UP else None

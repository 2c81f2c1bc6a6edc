"""Reasons in words."""

import pytest

from crawler.fetching import outcomes
from crawler.fetching.words import in_words


@pytest.mark.parametrize(
    ("reason", "detail", "words"),
    [
        ("http_404", "", "HTTP 404: not found"),
        ("http_599", "", "HTTP 599"),
        ("no_such_host", "", "no such host"),
        ("timeout", "30 s", "the answer took too long: 30 s"),
        ("robots", "https://a.example/f", "robots.txt forbids it: https://a.example/f"),
        ("unexpected_ValueError", "", "an error that nobody foresaw: ValueError"),
        ("nobody_knows", "it", "nobody knows: it"),
    ],
)
def test_a_reason_is_a_line_for_people(reason: str, detail: str, words: str) -> None:
    assert in_words(reason, detail) == words


@pytest.mark.parametrize("outcome", [outcome for _, outcome in outcomes._ERRORS])
def test_every_kind_of_error_has_words_of_its_own(outcome: outcomes.Outcome) -> None:
    assert in_words(outcome.reason) != outcome.reason.replace("_", " ") or outcome.reason == "no_such_host"

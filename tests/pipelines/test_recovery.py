"""Paragraphs that the reader passed over."""

from __future__ import annotations

from pipelines.main_text import Paragraph
from pipelines.markup import parse
from pipelines.recovery import recover
from pipelines.segments import Lines
from tests.pipelines.writing import STORY

QUOTES = [f"“The bridge has {number} cables, and I will count each of them,” she said." for number in range(4)]


def recovered(body: str, found: list[str]) -> list[str]:
    tree = parse(f"<html><body>{body}</body></html>")
    assert tree is not None
    return [paragraph.text for paragraph in recover([Paragraph(text) for text in found], Lines(tree))]


def test_a_story_that_stands_between_the_quotations_found_is_found() -> None:
    body = "".join(
        f"<blockquote class='q'>{quote}</blockquote><div class='s'><div>{line} {line}</div></div>"
        for quote, line in zip(QUOTES, STORY, strict=True)
    )
    told = [f"{line} {line}" for line in STORY]
    assert recovered(f"{body}<blockquote class='q'>The end of it.</blockquote>", [*QUOTES, "The end of it."]) == [
        *(text for pair in zip(QUOTES, told, strict=True) for text in pair),
        "The end of it.",
    ]


def test_comments_that_stand_in_one_gap_are_not_of_the_story() -> None:
    comments = "".join(f"<div class='c'>{line} {line}</div>" for line in STORY)
    body = f"<p>{STORY[0]}</p>{comments}<p class='next'>{QUOTES[0]}</p>"
    assert recovered(body, [STORY[0], QUOTES[0]]) == [STORY[0], QUOTES[0]]


def test_a_second_box_of_the_story_may_have_another_modifier() -> None:
    def box(name: str, lines: list[str]) -> str:
        paragraphs = "".join(f"<p class='para'>{line}</p>" for line in lines)
        return f"<div class='{name}'>{paragraphs}</div>"

    halves = box("body -above", STORY[:2]) + "<div class='ad'>Ad</div>"
    assert recovered(halves + box("body", STORY[2:]), STORY[:2]) == STORY
    assert recovered(halves + box("teasers", STORY[2:]), STORY[:2]) == STORY[:2]

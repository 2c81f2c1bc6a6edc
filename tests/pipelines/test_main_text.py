"""When what a reader found is no story."""

from __future__ import annotations

from pipelines.main_text import MainText, Paragraph, main_text
from pipelines.markup import parse
from pipelines.segments import Lines
from tests.pipelines.writing import STORY, page


def read(html: str) -> MainText:
    tree = parse(html)
    assert tree is not None
    return main_text(tree, html, None, Lines(tree))


def test_a_story_is_read_by_the_fast_reader() -> None:
    assert read(page(STORY)) == MainText(tuple(map(Paragraph, STORY)), "trafilatura_fast")


def test_one_paragraph_of_links_is_a_menu_and_the_story_is_looked_for_again() -> None:
    menu = " ".join(f"<a href='/{at}'>Department {at} of the harbour council</a>" for at in range(40))
    found = read(f"<html><body><p>{menu} {STORY[0]}</p></body></html>")
    assert found.reader != "trafilatura_fast"


def test_a_page_read_in_one_piece_is_broken_up_as_it_stands() -> None:
    lines = "".join(f"<p class='caption'>{line}</p>" for line in STORY)  # what trafilatura takes for captions
    found = read(page([], before=f"<h2>What happened</h2>{lines}"))
    assert found.paragraphs == (Paragraph("What happened", "head"), *map(Paragraph, STORY))

"""The lines of a page, and the way back from a text to the lines it was made of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipelines.markup import parse
from pipelines.segments import Lines, text_key
from tests.pipelines.writing import STORY, page


def lines(html: str) -> Lines:
    tree = parse(html)
    assert tree is not None
    return Lines(tree)


def test_a_line_ends_where_a_browser_breaks_it() -> None:
    found = lines(
        "<body><p>One <b>line</b><br>and <i>another</i></p><div>three<p>four</p>five</div><script>six</script></body>"
    )
    assert [segment.text for segment in found.segments] == ["One line", "and another", "three", "four", "five"]


def test_a_line_knows_how_much_of_it_is_linked_and_what_holds_it() -> None:
    (segment,) = lines("<body><div><span class='caption'><a href='/x'>All of it</a></span></div></body>").segments
    assert segment.linked == len("All of it")
    assert segment.element.tag == "a"


def test_a_text_is_found_whatever_its_spelling() -> None:
    found = lines(page(STORY)).find(STORY[1].replace("“", '"').upper())
    assert [segment.text for segment in found] == [STORY[1]]


def test_a_paragraph_of_two_lines_is_found_as_both() -> None:
    assert (
        len(
            lines("<body><p>The first line of it<br>and the second</p></body>").find(
                "The first line of it and the second"
            )
        )
        == 2
    )


def test_a_line_that_comes_twice_is_found_in_reading_order() -> None:
    found = lines(f"<body><h1>Advertisement</h1><p>{STORY[0]}</p><h2>Advertisement</h2></body>")
    tags = [found.find(text)[0].element.tag for text in ("Advertisement", STORY[0], "Advertisement")]
    assert tags == ["h1", "p", "h2"]


def test_what_is_not_on_the_page_is_not_found() -> None:
    assert not lines(page(STORY)).find("A whale in the dock")


@given(st.lists(st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=60), max_size=20))
def test_every_line_of_a_page_is_found_again(texts: list[str]) -> None:
    found = lines(page(texts))
    for segment in found.segments:
        assert segment.key == text_key(segment.text) != ""
        assert found.find(segment.text)

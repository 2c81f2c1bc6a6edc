"""The story in a page's own data: in each editor's way of writing it, and never another article's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.app_state import story
from pipelines.extract import read_page
from pipelines.markup import parse
from pipelines.reading import Article
from tests.pipelines.writing import STORY, page


def script(data: Any) -> str:
    return f'<script type="application/json">{json.dumps(data)}</script>'


def told(data: Any) -> list[str]:
    tree = parse(page(STORY[:1], head=script(data)))
    assert tree is not None
    return story(tree)


def write(editor: str, line: str) -> dict[str, Any]:
    first, rest = line[:9], line[9:]
    ways: dict[str, dict[str, Any]] = {
        "contentful": {"nodeType": "paragraph", "content": [{"nodeType": "text", "value": line}]},
        "prosemirror": {
            "type": "paragraph",
            "content": [{"type": "text", "text": first}, {"type": "text", "text": rest}],
        },
        "slate": {"type": "paragraph", "children": [{"text": first}, {"type": "a", "children": [{"text": rest}]}]},
        "portable": {"_type": "block", "style": "paragraph", "children": [{"_type": "span", "text": line}]},
    }
    return ways[editor]


@pytest.mark.parametrize("editor", ["contentful", "prosemirror", "slate", "portable"])
def test_each_editors_paragraphs_are_read_in_order(editor: str) -> None:
    other = [write(editor, "Another story, shorter than this one.")]
    assert told({"related": other, "body": [{"type": "ad"}, *(write(editor, line) for line in STORY)]}) == STORY


def test_a_stub_whose_data_hold_the_story_is_read_from_there() -> None:
    html = page(STORY[:1], head=script({"body": [write("slate", line) for line in STORY]}))
    found = read_page(html.encode(), "https://www.example.org/a")
    assert isinstance(found, Article)
    assert (found.reader, found.text.split("\n\n")) == ("app_state", STORY)


def test_another_articles_data_are_no_story() -> None:
    others = [write("slate", line.replace("bridge", "tunnel")) for line in STORY]
    found = read_page(page(STORY[:1], head=script({"body": others})).encode(), "https://www.example.org/a")
    assert isinstance(found, Article)
    assert found.text == STORY[0]


@pytest.mark.parametrize(
    "data", ['{"paragraph": ', '["paragraph", null, {"type": "paragraph"}]', '"paragraph"' + "[" * 100_000]
)
def test_data_that_hold_no_story_say_nothing(data: str) -> None:
    tree = parse(page(STORY, head=f'<script type="application/json">{data}</script>'))
    assert tree is not None
    assert story(tree) == []


JSON = st.recursive(
    st.none() | st.sampled_from(["paragraph", "block", *STORY]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "content", "children", "text", "value"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_data_give_storable_lines(data: Any) -> None:
    assert all(line and line == line.strip() for line in told(["paragraph", data]))

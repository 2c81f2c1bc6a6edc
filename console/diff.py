"""`storyfold diff A B`: what two articles' texts, or two versions of one, share and where they differ."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text

from console.articles import Said, say_of, utc
from console.copies import share_of
from console.output import out, print_json, say, shown
from console.session import reading
from foundation.errors import UsageError

CONTEXT: Final = 2  # paragraphs that both have, shown around what differs
MOST_ROWS: Final = 200  # paragraphs shown without --all
LONG: Final = 80  # words of a piece; of more, both ends are shown without --all
ENDS: Final = 20

# Colour where the terminal has it, else marks: wdiff's, and one for what stands elsewhere.
STYLES: Final = {"only_a": "red", "only_b": "green", "elsewhere_a": "yellow", "elsewhere_b": "cyan"}
MARKS: Final = {
    "only_a": ("[-", "-]"),
    "only_b": ("{+", "+}"),
    "elsewhere_a": ("[~", "~]"),
    "elsewhere_b": ("{~", "~}"),
}
GUTTER: Final = {"shared": "=", "changed": "~", "only_a": "<", "only_b": ">"}


def diff(
    a: Annotated[str, typer.Argument(metavar="ARTICLE", help="An article's id or its address; `7@1`: its version 1.")],
    b: Annotated[str, typer.Argument(metavar="ARTICLE", help="Another's, or another version: `diff 7@1 7`.")],
    context: Annotated[int, typer.Option(help="Shared paragraphs shown around each difference.", min=0)] = CONTEXT,
    everything: Annotated[bool, typer.Option("--all", help="Show all of both texts.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, all of both texts.")] = False,
) -> None:
    """Show what two texts share and where they differ, paragraph by paragraph, the words marked that differ."""
    with reading() as database, database.read() as session:
        one, other = say_of(session, a), say_of(session, b)
    if (one.article, one.version) == (other.article, other.version):
        raise UsageError(f"both are article {one.article}; its versions are {one.article}@1 to @{one.versions}")
    told = compare(one, other)
    if as_json:
        print_json(told)
    else:
        _print(told, context, everything=everything)


def compare(a: Said, b: Said) -> dict[str, Any]:
    """Return two texts laid out side by side, with the figures that links go by."""
    from dedup.alignment import align
    from dedup.links import overlap_of, prepare

    prepared = prepare(0, a.title, a.text), prepare(1, b.title, b.text)
    jaccard, _, _, share_a, share_b = overlap_of(*prepared).figures(*prepared)
    aligned = align(a.text, b.text)
    return {
        "a": {"name": a.name} | a.public(),
        "b": {"name": b.name} | b.public(),
        "jaccard": jaccard,
        "share_a": share_a,
        "share_b": share_b,
        "is_same_text": all(row.kind == "shared" for row in aligned.rows),
        "is_whole": aligned.is_whole,
        "rows": [
            {
                "kind": row.kind,
                "pieces": [
                    {"kind": str(piece.kind), "text": piece.text, "is_spaced": piece.is_spaced} for piece in row.pieces
                ],
            }
            for row in aligned.rows
        ],
    }


# --- For people -------------------------------------------------------------------------------------------------------


def _print(told: Mapping[str, Any], context: int, *, everything: bool) -> None:
    has_colour = out.color_system is not None and not out.no_color
    for sign, name in (("<", "a"), (">", "b")):
        one = told[name]
        seen = "" if one["is_current"] else "seen "
        say(f"{sign} {one['name']}  {one['title']}")
        say(f"     {one['outlet']}, {seen}{utc(one['at'])}, {one['words']:,} words")
    first, second = told["a"]["name"], told["b"]["name"]
    say(
        f"Jaccard {told['jaccard']:.2f} of word triples; {share_of(told['share_a'])} of {first}'s words stand in "
        f"{second}, {share_of(told['share_b'])} of {second}'s in {first}."
    )
    if not told["is_whole"]:
        say("Some stretches are too long and too repetitive to align; they are shown as if they shared nothing.")
    if told["is_same_text"]:
        say("The same words in the same order." if told["rows"] else "Neither has a word.")
    if told["is_same_text"] and not everything:
        return
    say(_legend(told["rows"], has_colour=has_colour), "")
    for row in folded(told["rows"], context, everything=everything):
        _print_row(row, has_colour=has_colour, is_cut=not everything)


def _legend(rows: Sequence[Mapping[str, Any]], *, has_colour: bool) -> str:
    kinds = {piece["kind"] for row in rows for piece in row["pieces"]}
    lines = "= shared, ~ changed, < only in the first, > only in the second"
    if not has_colour:
        lines += "; within a paragraph [-only in the first-], {+only in the second+}"
    if not kinds.isdisjoint(("elsewhere_a", "elsewhere_b")):
        marks = "yellow and cyan" if has_colour else "[~these~] and {~these~}"
        lines += f"; {marks} stand elsewhere in the other"
    return lines


def folded(rows: Sequence[Mapping[str, Any]], context: int, *, everything: bool) -> Iterator[Mapping[str, Any] | str]:
    """Yield the rows to show, and a line for those left out: shared ones far from what differs, and the rest."""
    if everything:
        yield from rows
        return
    visible = set(_near_changes(rows, context))
    count = hidden = 0
    for number, row in enumerate(rows):
        if number not in visible:
            hidden += 1
            continue
        if hidden:
            yield f"… {_paragraphs(hidden)} shared …"
        hidden = 0
        if count == MOST_ROWS:
            yield f"… and {_paragraphs(len(rows) - number)} more; `--all` shows them."
            return
        count += 1
        yield row
    if hidden:
        yield f"… {_paragraphs(hidden)} shared …"


def _near_changes(rows: Sequence[Mapping[str, Any]], context: int) -> Iterator[int]:
    for number, row in enumerate(rows):
        if row["kind"] != "shared":
            yield from range(max(0, number - context), min(len(rows), number + context + 1))


def _paragraphs(number: int) -> str:
    return f"{number:,} paragraph" + ("" if number == 1 else "s")


def _print_row(row: Mapping[str, Any] | str, *, has_colour: bool, is_cut: bool) -> None:
    if isinstance(row, str):
        out.print(Text(f"  {row}", style="dim"), soft_wrap=True)
        return
    line = _line(row, has_colour=has_colour, is_cut=is_cut)
    if not out.is_terminal:
        out.print(Text(f"{GUTTER[row['kind']]} ") + line, soft_wrap=True)  # a paragraph is a line of the pipe
        return
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    grid.add_row(GUTTER[row["kind"]], line)
    out.print(grid)


def _line(row: Mapping[str, Any], *, has_colour: bool, is_cut: bool) -> Text:
    line = Text()
    for piece in row["pieces"]:
        words = shown(_ends(piece["text"]) if is_cut else piece["text"])
        is_plain = piece["kind"] in ("shared", row["kind"])  # the gutter says it of the whole paragraph
        opening, closing = ("", "") if has_colour or is_plain else MARKS[piece["kind"]]
        space = " " if piece["is_spaced"] and line.plain and not line.plain.endswith(" ") else ""
        line.append(space)
        line.append(f"{opening}{words}{closing}", style=STYLES.get(piece["kind"], "") if has_colour else "")
    return line


def _ends(text: str) -> str:
    """Return a long piece's first and last words, and how many are between them."""
    words = text.split(" ")
    if len(words) <= LONG:
        return text if len(words) > 1 or len(text) <= LONG * ENDS else f"{text[: LONG * ENDS]} …"
    return f"{' '.join(words[:ENDS])} … {len(words) - 2 * ENDS:,} words … {' '.join(words[-ENDS:])}"

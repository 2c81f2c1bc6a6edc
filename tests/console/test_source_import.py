"""Files of sources: what each form says, what hostile ones cannot do, and that an export imports to the same."""

import json
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.sources.drafts import Bad, Draft, Read
from console.sources.importing import Intake, read_any
from console.sources.naming import cleaned, unused
from console.sources.opml import read_opml, write_opml
from console.sources.sitelist import read_sitelist
from foundation.config import Settings, SourceSettings
from tests.console.cli import Cli

OPML = """<?xml version="1.0"?>
<opml version="2.0"><head><title>mine</title></head><body>
<outline text="News"><outline title="Europe">
  <outline type="rss" text="Courier World" xmlUrl="https://courier.example/world" htmlUrl="https://courier.example/"/>
  <outline type="rss" text="Courier Sport" XMLURL="https://courier.example/sport" htmlUrl="https://courier.example/#x"/>
</outline></outline>
<outline text="Bote, der" xmlUrl="https://bote.example/feed" category="/de/regional,paper" language="de-DE"/>
<outline text="Old" isComment="true"><outline text="Gone" xmlUrl="https://gone.example/f"/></outline>
<outline text="A page" type="link" url="https://page.example/"/>
<outline text="Bad" xmlUrl="file:///etc/passwd"/>
</body></opml>"""


def test_opml_folders_are_tags_and_outlines_of_one_outlet_are_one_source() -> None:
    courier, bote, gone, link, bad = read_opml(OPML.encode())
    assert isinstance(courier, Draft)
    assert courier.feeds == ("https://courier.example/world", "https://courier.example/sport")
    assert (courier.name, courier.tags, courier.line) == ("Courier World", ("News", "Europe"), 4)
    assert isinstance(bote, Draft)
    assert (bote.tags, bote.language, bote.url) == (("de", "regional", "paper"), "de", None)
    assert isinstance(gone, Draft)
    assert (gone.enabled, gone.tags) == (False, ("Old",))
    assert link == Draft(9, "https://page.example/", "A page")
    assert bad == Bad(10, "no address of the web: file:///etc/passwd")


def test_a_hostile_opml_reads_nothing_but_itself_and_ends() -> None:
    secret = "<!DOCTYPE x [<!ENTITY s SYSTEM 'file:///etc/passwd'>]><opml><body><outline text='&s;' xmlUrl='https://a.example/f'>&s;</outline></body></opml>"
    (found,) = [one for one in read_opml(secret.encode()) if isinstance(one, Draft)] or [Draft(1)]
    assert "root" not in repr(found)
    laughs = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 12))
    bomb = f"<!DOCTYPE x [<!ENTITY l0 'ha'>{laughs}]><opml><body><outline text='&l11;' xmlUrl='https://a.example/f'/></body></opml>"
    began = time.monotonic()
    read_opml(bomb.encode())
    deep = "<opml><body>" + "<outline text='x'>" * 50_000 + "<outline xmlUrl='https://a.example/f'/>"
    assert any(isinstance(one, Bad) and "damaged" in one.why for one in read_opml(deep.encode()))
    assert time.monotonic() - began < 10
    assert read_opml(b"<opml") != []
    assert [type(one) for one in read_opml(b"<html><body/></html>")] == [Bad]


def test_csv_is_read_by_its_header_whatever_its_order_case_and_delimiter() -> None:
    table = (
        "\ufeffLanguage;Tags;Feed URL;NAME;Homepage;Country;notes\n"
        'en-GB;"a; b";https://a.example/f https://a.example/g;A;https://a.example/;gb;x\n'
        ";;https://a.example/h;A;https://a.example/\n"
        "\n"
        ";;;B;b.example\n"
        ";;;C;not an address\n"
        ";;;D;\n"
    )
    a, b, c, d = read_any(table.encode(), "x.csv")
    assert isinstance(a, Draft)
    assert a.feeds == tuple(f"https://a.example/{name}" for name in "fgh")
    assert (a.tags, a.country, a.language, a.name, a.line) == (("a", "b"), "GB", "en", "A", 2)
    assert isinstance(b, Draft)
    assert (b.url, b.name, b.line) == ("https://b.example", "B", 5)
    assert (c, d) == (Bad(6, "url: no address of the web: not an address"), Bad(7, "no address"))
    for delimiter in ",\t":
        text = f"URL{delimiter}Name\nhttps://a.example/{delimiter}A\n"
        assert read_any(text.encode("utf-16"), "-") == [
            Draft(2, "https://a.example/", "A", group=("A", "https://a.example/"))
        ]
    assert [
        one.name for one in read_any("name,url\nÜber,a.example\n".encode("cp1252"), "") if isinstance(one, Draft)
    ] == ["Über"]


def test_a_plain_list_has_comments_and_bare_hosts() -> None:
    text = "# mine\nhttps://a.example/#top\n\n  b.example/news  # the best\nnonsense\nhttp://[::1\n"
    assert read_any(text.encode(), "list.txt") == [
        Draft(2, "https://a.example/#top"),
        Draft(4, "https://b.example/news"),
        Bad(5, "no address of the web: nonsense"),
        Bad(6, "no address of the web: http://[::1"),
    ]


SITELIST = """# HJSON
{
  // sites
  base_urls: [
    { "url": "https://a.example/", crawler: "RssCrawler", }  /* the first */
    {
      url: https://b.example/news
      crawler: RecursiveCrawler
      overwrite_heuristics: { meta_contains_article_keyword: true, og_type: "x" }
    }
    { url: ["https://c.example/", 'https://d.example/'], daemonize: 60 }
    { "url": "https://e.example/2017/page", "crawler": "Download" }
    { crawler: '''
      none
    ''' }
  ]
}"""


def test_a_sitelist_of_news_please_is_read_as_people_write_it() -> None:
    assert read_any(SITELIST.encode(), "sitelist.hjson") == [
        Draft(5, "https://a.example/"),
        Draft(6, "https://b.example/news"),
        Draft(11, "https://c.example/"),
        Draft(11, "https://d.example/"),
        Bad(12, "crawler Download names single pages, no site: https://e.example/2017/page"),
        Bad(13, "a site without `url`"),
    ]
    as_json = json.dumps({"base_urls": [{"url": "https://a.example/\u00fc"}]})
    assert read_any(as_json.encode(), "x") == [Draft(1, "https://a.example/ü")]


@pytest.mark.parametrize(
    "text", ["{", "{base_urls: [", "{a b}", "[]", "{a: '''x}", "{" * 10_000, "{a: " * 200, ": :", '{a: "x}']
)
def test_what_is_no_sitelist_is_one_bad_line(text: str) -> None:
    assert [type(one) for one in read_sitelist(text)] == [Bad]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_is_hjson(value: object) -> None:
    from console.sources.sitelist import _Hjson

    assert _Hjson(json.dumps({"a": value}, indent=1)).document() == {"a": value}


texts = st.text(st.characters(codec="utf-8"), max_size=20)
words = texts.map(cleaned).filter(bool)
paths = st.text("abc/&<>\"'%20ü?=", max_size=10)
addresses = st.builds(lambda path: f"https://{'x' if path else 'y'}.example/{path}".strip(), paths)
sources = st.builds(
    lambda values, number: SourceSettings(**values | {"name": f"{values['name'][:80]} {number}"}),
    st.fixed_dictionaries(
        {
            "name": words,
            "url": addresses,
            "owner": st.none() | words,
            "country": st.none() | st.sampled_from(["GB", "DE"]),
            "language": st.none() | st.sampled_from(["en", "de"]),
            "tags": st.lists(words | st.sampled_from(["a/b", "50%", "a,b", "%2F"]), max_size=3, unique=True).map(tuple),
            "enabled": st.booleans(),
        }
    ),
    st.integers(),
)


@given(st.lists(sources, max_size=5, unique_by=lambda source: source.name), st.data())
def test_an_export_imports_to_the_same_sources(found: list[SourceSettings], data: st.DataObject) -> None:
    """Each address is one source's, as the configuration of one desk has it; it stands in for a property of files."""
    before = []
    for number, source in enumerate(found):
        count = data.draw(st.tuples(*[st.integers(0, 2)] * 3).filter(any))
        kinds = zip(("feeds", "sitemaps", "sections"), count, strict=True)
        places = {kind: tuple(f"https://{number}.example/{kind}?a={i}&b" for i in range(n)) for kind, n in kinds}
        before.append(source.model_copy(update=places))
    intake = Intake(Settings(), (), allow_private=False)
    for draft in intake.sift(read_opml(write_opml(before).encode())):
        intake.take(draft)
    assert not intake.refused
    assert not intake.skipped
    after = {values["name"]: SourceSettings(**values) for values in intake.added}
    assert after == {source.name: source for source in before}


def test_secrets_and_ways_of_asking_stay_here(cli: Cli) -> None:
    ways = 'basic_auth = "me:s3cret"\nproxy = "http://u:s3cret@p.example/"\nheaders = { Key = "s3cret" }\n'
    feed = 'feeds = ["https://a.example/f"]\nallow_private = true\n'
    cli.configure(f'[[source]]\nname = "A"\nurl = "https://a.example/"\n{feed}{ways}')
    said = cli("source", "export", "--output", "out.opml")
    assert said.code == 0
    text = (cli.folder / "out.opml").read_text()
    assert "s3cret" not in text + said.out + said.err
    assert "private" not in text
    assert "1 sources are asked in a way that is not exported" in said.err
    assert cli("source", "export").out == text


def test_an_import_adds_what_it_can_and_names_each_line_that_it_cannot(cli: Cli) -> None:
    file = cli.configure(
        '# mine\n[[source]]\nname = "Courier World"\nurl = "https://other.example/"\nfeeds = ["https://bote.example/feed#x"]\n'
    )
    (cli.folder / "feeds.opml").write_text(OPML)
    before = file.read_text()
    said = cli("source", "import", "feeds.opml", "--no-find", "--dry-run", "--tag", "new")
    assert said.code == 3
    assert file.read_text() == before
    assert "feeds.opml:10: no address of the web: file:///etc/passwd" in said.err
    assert "feeds.opml:7: passed over, configured already, as 'Courier World'" in said.err
    assert said.out.endswith("3 sources would be added, 1 configured already, 1 lines refused.\n")

    assert cli("source", "import", "feeds.opml", "--no-find", "--tag", "new").code == 3
    after = tomllib.loads(file.read_text())["source"]
    assert file.read_text().startswith(before)
    assert [source["name"] for source in after[1:]] == ["Courier World (courier.example)", "Gone", "A page"]
    assert [source["tags"][-1] for source in after[1:]] == ["new"] * 3
    assert (after[2]["enabled"], after[3]["sections"]) == (False, ["https://page.example/"])
    listed = {row["outlet"]: row for row in json.loads(cli("source", "list", "--tag", "new", "--json").out)}
    assert {name: row["health"] for name, row in listed.items()}["Gone"] == "disabled"

    said = cli("source", "import", "feeds.opml", "--no-find")
    assert (said.code, tomllib.loads(file.read_text())["source"]) == (3, after)
    (cli.folder / "bad.txt").write_text("nonsense\n")
    assert cli("source", "import", "bad.txt").code == 2
    assert cli("source", "import", "missing.txt").code == 2
    (cli.folder / "utopia.csv").write_text(
        "url,feed,country\na.example,https://a.example/f,Utopia\nb.example,https://b.example/f,DE\n"
    )
    said = cli("source", "import", "utopia.csv", "--json")
    result = json.loads(said.out)
    assert (said.code, [source["name"] for source in result["added"]]) == (3, ["b.example"])
    assert result["refused"][0]["line"] == 2
    assert "country" in result["refused"][0]["why"]


def test_ten_thousand_sources_are_imported_in_seconds(cli: Cli) -> None:
    lines = [f"https://o{number}.example/feed.xml" for number in range(10_000)]
    (cli.folder / "many.txt").write_text("\n".join(lines))
    file = cli.configure()
    began = time.process_time()
    said = cli("source", "import", "many.txt", "--no-find")
    assert (said.code, said.out) == (0, "10000 sources added, 0 configured already, 0 lines refused.\n")
    assert time.process_time() - began < 30  # 6 s on the slow machine that it was measured on
    assert file.read_text().count("[[source]]") == 10_000


@given(st.lists(texts, max_size=5))
def test_names_are_valid_and_none_is_taken(titles: list[str]) -> None:
    taken: set[str] = set()
    for title in titles * 2:
        name = unused(title, "https://www.a.example/", taken)
        assert name not in taken
        SourceSettings(name=name, url="https://a.example/")
        taken.add(name)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_somehow(body: bytes) -> None:
    read: list[Read] = read_any(body, str(Path("x")))
    assert all(isinstance(one, Draft | Bad) for one in read)


def test_a_line_with_a_password_is_refused_before_anybody_is_asked() -> None:
    intake = Intake(Settings(file={}), (), allow_private=False)
    read: list[Read] = [Draft(1, "http://user:secret@a.example/feed.xml"), Draft(2, "https://b.example/")]
    assert [draft.line for draft in intake.sift(read)] == [2]
    assert [bad.line for bad in intake.refused] == [1]
    assert "user name or password" in intake.refused[0].why
    assert "secret" not in intake.refused[0].why


def test_a_file_that_is_no_text_is_refused_at_once() -> None:
    assert read_any(b"PK\x03\x04\x00\x00 nothing\n" * 100, "archive.zip") == [
        Bad(1, "not a text file: it holds zero bytes")
    ]

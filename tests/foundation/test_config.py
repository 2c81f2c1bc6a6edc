"""What the configuration accepts, and how it says what is wrong."""

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.links import CopyRules
from dedup.stories import StoryRules
from foundation.config import Settings, load_settings
from foundation.config_lines import key_lines, line_of
from foundation.config_template import entry, template, toml
from foundation.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("STORYFOLD_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def complaints(text: str, file: str = "storyfold.toml") -> list[str]:
    Path(file).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_settings(Path(file))
    return str(caught.value).splitlines()


def settings(text: str) -> Settings:
    Path("storyfold.toml").write_text(text, encoding="utf-8")
    return load_settings()


SOURCE = '[[source]]\nname = "a"\nurl = "https://a.example/"\n'


def test_an_unknown_setting_is_named_with_its_line_and_the_nearest_known_one() -> None:
    assert complaints("# mine\n[copies]\ntreshold = 0.4\n") == [
        "storyfold.toml:3: copies.treshold: unknown setting; did you mean 'threshold'?"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("[copys]\nthreshold = 1", "1: copys: unknown setting; did you mean 'copies'?", id="section"),
        pytest.param("zzz = 1", "1: zzz: unknown setting", id="nothing near"),
        pytest.param("_env_file = 'x'", "1: _env_file: unknown setting", id="no way into the reader's own options"),
        pytest.param("file = {database = 'x'}", "1: file: unknown setting", id="no way round the file"),
        pytest.param(
            'crawl."time out" = 3', "1: crawl.time out: unknown setting; did you mean 'timeout'?", id="quoted"
        ),
        pytest.param("crawl.delay = 'x'", "1: crawl.delay: input should be a valid number", id="wrong type"),
        pytest.param("crawl.delay = -1", "1: crawl.delay: input should be greater than or equal to 0", id="bounds"),
        pytest.param("\ncrawl = 3", "2: crawl: input should be a valid dictionary", id="no section"),
        pytest.param("[[source]]\nname = 'a'", "1: source.url: missing", id="missing"),
        pytest.param(SOURCE + "\nfed = ['x']", "5: source.fed: unknown setting; did you mean 'feeds'?", id="entry"),
        pytest.param(
            SOURCE + "feeds = [\n 'https://a.example/x',\n 'file:///etc/x']", "6: source.feeds: must be", id="file:"
        ),
        pytest.param(SOURCE + "url2 = 1", "4: source.url2: unknown setting; did you mean 'url'?", id="near key"),
        pytest.param(SOURCE + SOURCE, "5: source.name: another source has the name 'a'", id="duplicate"),
        pytest.param(
            "[[schedule]]\nname='s'\ncron='* * * *'", "3: schedule.cron: a crontab line has five fields", id="cron"
        ),
        pytest.param("[[schedule]]\nname='s'\ncron='0 0 31 2 *'", "3: schedule.cron: '0 0 31 2 *' is no", id="never"),
        pytest.param(
            "[[schedule]]\nname='s'\ncron='@daily'\ntimezone='Mars/Base'",
            "4: schedule.timezone: unknown time zone 'Mars/Base'",
            id="zone",
        ),
        pytest.param(
            SOURCE + "[[schedule]]\nname='s'\ncron='@daily'\nsources=['b']",
            "7: schedule.sources: no source has the name 'b'",
            id="unknown source",
        ),
        pytest.param("a = 1\nb = [1,\n", "3: ", id="broken TOML"),
        pytest.param("a = 1\n= 3\n", "2: invalid statement", id="broken TOML in a line"),
    ],
)
def test_each_mistake_is_told_with_its_line(text: str, expected: str) -> None:
    (complaint,) = complaints(text)
    assert complaint.startswith(f"storyfold.toml:{expected}")


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    told = complaints("[crawl]\ndelay = 'x'\n[copies]\ntreshold = 1\n[extract]\nworkers = 0\n")
    assert [line.split(":")[1] for line in told] == ["2", "4", "6"]


def test_the_environment_wins_and_its_mistakes_are_told_by_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYFOLD_CRAWL__DELAY", "0")
    read = settings("[crawl]\ndelay = 5\ntimeout = 7\n")
    assert (read.crawl.delay, read.crawl.timeout) == (0, 7)
    monkeypatch.setenv("STORYFOLD_CRAWL__DELAY", "soon")
    monkeypatch.setenv("STORYFOLD_CRAWL__TIMEOOT", "1")
    monkeypatch.setenv("STORYFOLD_DATABSE", "x")
    told = complaints("[crawl]\ndelay = 5\n")
    assert sorted(line.partition(":")[0] for line in told) == [
        "STORYFOLD_CRAWL__DELAY",
        "STORYFOLD_CRAWL__TIMEOOT",
        "STORYFOLD_DATABSE",
    ]


def test_variables_of_other_parts_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STORYFOLD_CONFIG", "STORYFOLD_STATIC_HOSTS", "STORYFOLD_DNS_RESOLVER"):
        monkeypatch.setenv(name, "storyfold.toml")
    assert settings("").crawl.delay == 1.0


def test_a_relative_database_lies_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "conf"
    folder.mkdir()
    (folder / "storyfold.toml").write_text('database = "sqlite:///news.db"')
    assert load_settings(folder / "storyfold.toml").database == f"sqlite:///{folder / 'news.db'}"
    (folder / "storyfold.toml").write_text("")
    assert load_settings(folder / "storyfold.toml").database == f"sqlite:///{folder / 'storyfold.db'}"
    monkeypatch.setenv("STORYFOLD_DATABASE", "postgresql://somewhere/news")
    assert load_settings(folder / "storyfold.toml").database == "postgresql://somewhere/news"


def test_without_a_file_the_environment_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="storyfold init"):
        load_settings()
    monkeypatch.setenv("STORYFOLD_DATABASE", "sqlite:///x.db")
    assert load_settings().path is None


def test_no_secret_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    read = settings(
        'database = "postgresql://me:s3cret@db/news"\n'
        + SOURCE
        + 'headers = { Authorization = "Basic s3cret" }\nproxy = "http://me:s3cret@proxy.example/"\n'
    )
    assert read.sources[0].headers["Authorization"].get_secret_value() == "Basic s3cret"
    assert "s3cret" not in repr(read) + str(read) + repr(read.sources[0].headers)
    told = complaints(SOURCE + 'headers = { Authorization = "s3cret\\n" }\nproxy = "s3cret"\n')
    assert len(told) == 2
    assert "s3cret" not in "".join(told)
    monkeypatch.setenv("STORYFOLD_SOURCE", '[{"proxy": "s3cret"')
    assert "s3cret" not in "".join(complaints(""))


def test_a_header_cannot_smuggle_a_second_one() -> None:
    assert len(complaints(SOURCE + 'headers = { "X-A: b\\r\\nX-B" = "c" }')) == 1


def test_the_written_file_holds_every_setting_with_its_default() -> None:
    assert settings(template()) == settings("")
    uncommented = "".join(
        line[1:] if line.startswith("#") and not line.startswith("# ") else line
        for line in template().splitlines(keepends=True)
    )
    written = tomllib.loads(uncommented)
    defaults = Settings(file={})
    for name in ("crawl", "extract", "copies", "stories"):
        assert written[name] == getattr(defaults, name).model_dump(mode="json")
    read = settings(uncommented)
    assert read.sources[0].name == "Example Courier"
    assert set(written["source"][0]) == set(type(read.sources[0]).model_fields)
    assert set(written["schedule"][0]) == set(type(read.schedules[0]).model_fields)


def test_the_defaults_are_the_measured_ones() -> None:
    defaults = Settings(file={})
    assert defaults.copies.threshold == CopyRules().copy
    assert defaults.stories.threshold == StoryRules().floor


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
scalars = st.one_of(texts, st.booleans(), st.integers(-(2**53), 2**53))
keys = st.one_of(st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True), texts)


@given(st.dictionaries(keys, st.one_of(scalars, st.lists(scalars, max_size=3)), min_size=1, max_size=6))
def test_what_we_write_reads_back(values: dict[str, Any]) -> None:
    assert tomllib.loads(f"table = {toml(values)}") == {"table": values}


def test_an_entry_reads_back() -> None:
    values = {"name": 'the "Daily" \\ \x7f', "feeds": ["https://a/"], "owner": None, "allow_private": False}
    assert tomllib.loads(entry("source", values)) == {"source": [{k: v for k, v in values.items() if v is not None}]}


def paths(value: object, at: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    """Every place in a parsed document."""
    here = {at} if at else set()
    if isinstance(value, dict):
        return here.union(*(paths(item, (*at, key)) for key, item in value.items()))
    if isinstance(value, list):
        return here.union(*(paths(item, (*at, index)) for index, item in enumerate(value)))
    return here


layouts = st.sampled_from(["", "# a note = [1]\n", "\n\n", "   # x\n\n"])
strings = st.sampled_from(['"a # b"', "'it]s'", '"""\na = 1\n[x]\n"""', "'''\n]] \"\n'''", '""""quoted""""', '"\\""'])
plain = st.one_of(strings, st.sampled_from(["1", "true", "1979-05-27 07:32:00", "-0.5e3", "inf"]))
arrays = st.lists(plain, max_size=3).map(lambda items: "[ # c\n" + " ,\n ".join(items) + ("," if items else "") + "\n]")
tables = st.lists(plain, max_size=3).map(
    lambda items: "{" + ", ".join(f"k{n}.x = {v}" for n, v in enumerate(items)) + "}"
)
values_ = st.one_of(
    plain, arrays, tables, st.lists(tables, max_size=2).map(lambda items: "[" + ",\n".join(items) + "]")
)


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "[{0}]", "[[list]]", "[[list]]\n[list.{0}]", '["q {0}".b]']), values_, layouts),
        max_size=6,
    )
)
def test_every_place_of_a_document_has_its_line(parts: list[tuple[str, str, str]]) -> None:
    text = ""
    for number, (header, value, layout) in enumerate(parts):
        head = header.format(f"t{number}")
        text += f"{layout}{head}\nkey{number}.'sub key' = {value} # end\n"
    lines = key_lines(text)
    document = tomllib.loads(text)
    assert set(lines) >= paths(document)
    for number in range(len(parts)):
        (line,) = [at for at, shown in enumerate(text.splitlines(), 1) if shown.startswith(f"key{number}.")]
        found = {line_of(path, lines) for path in paths(document) if path[-2:] == (f"key{number}", "sub key")}
        assert found == {line}


def test_an_address_with_a_password_is_refused_because_addresses_are_shown(tmp_path: Path) -> None:
    file = tmp_path / "storyfold.toml"
    file.write_text(
        '[[source]]\nname = "A"\nurl = "https://example.org/"\nfeeds = ["https://user:secret@example.org/feed"]\n'
    )
    with pytest.raises(ConfigurationError, match="headers") as raised:
        load_settings(file)
    assert "secret" not in str(raised.value)

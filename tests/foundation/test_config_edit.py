"""Changes of a configuration that somebody wrote: the rest of the file stays, letter by letter."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.config_edit import Edit, appended, switched, without
from foundation.config_template import entry, template
from foundation.errors import ConfigurationError

FILE = '''\
# my notes

[crawl]
delay = 3 # slow

# The Courier, since 2024
[[source]]
name = "Courier" # the paper
url = "https://courier.example/"
feeds = [
  "https://courier.example/feed", # all of it
]
#user_agent = "me"

[source.headers]
X-Key = """
# no comment
[[source]]
name = "Not a source"
"""

# German papers

[[source]]
url = 'https://bote.example/'
enabled = true # for now
name = 'Bote'
# Cron
[[schedule]]
name = "often"
cron = "@hourly"
'''
COURIER = FILE[FILE.index("# The Courier") : FILE.index("\n# German")]


def test_a_source_goes_with_its_comments_and_tables_and_nothing_else_does() -> None:
    after, removed = without(FILE, "Courier")
    assert removed == COURIER
    assert after == FILE.replace(COURIER + "\n", "")
    after, removed = without(FILE, "Bote")
    assert removed == "[[source]]\nurl = 'https://bote.example/'\nenabled = true # for now\nname = 'Bote'\n"
    assert after == FILE.replace(removed, "")


def test_a_switch_changes_one_line() -> None:
    assert switched(FILE, "Bote", enabled=False) == FILE.replace("enabled = true #", "enabled = false #")
    off = switched(FILE, "Courier", enabled=False)
    assert off == FILE.replace('#user_agent = "me"\n', '#user_agent = "me"\nenabled = false\n')
    windows = FILE.replace("\n", "\r\n")
    assert switched(windows, "Bote", enabled=False) == windows.replace("enabled = true #", "enabled = false #")


@pytest.mark.parametrize(
    "text",
    [
        'source = [\n{ name = "a", url = "https://a.example/" }, { name = "b", url = "https://b.example/" }]',
        '[source]\nname = "a"\n',
    ],
)
def test_what_is_written_in_another_form_is_refused(text: str) -> None:
    for change in (lambda: without(text, "a"), lambda: switched(text, "a", enabled=False)):
        with pytest.raises(ConfigurationError, match="by hand"):
            change()
    if "[[source]]" not in text:
        with pytest.raises(ConfigurationError, match="by hand"):
            appended(text, '[[source]]\nname = "b"\n')

    apart = '[[source]]\nname = "a"\n[crawl]\ndelay = 1\n[source.headers]\nA = "b"\n'
    with pytest.raises(ConfigurationError, match="by hand"):
        without(apart, "a")


names = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5, unique=True)


@given(names, st.data())
def test_removing_and_putting_back_loses_nothing(names: list[str], data: st.DataObject) -> None:
    comments = st.sampled_from(["", "\n", "# about\n", "# a\n\n# b\n"])
    text = "".join(
        data.draw(comments)
        + entry("source", {"name": name, "url": f"https://{number}.example/", "tags": ["[[source]]"]})
        for number, name in enumerate(names)
    )
    before = {source["name"]: source for source in tomllib.loads(text)["source"]}
    name = data.draw(st.sampled_from(names))
    after, removed = without(text, name)
    left = {source["name"]: source for source in tomllib.loads(after).get("source", [])}
    assert left == {key: value for key, value in before.items() if key != name}
    again = tomllib.loads(appended(after, removed))["source"]
    assert {source["name"]: source for source in again} == before
    off = tomllib.loads(switched(text, name, enabled=False))["source"]
    assert [source["name"] for source in off if source.get("enabled") is False] == [name]


def test_a_change_is_checked_whole_and_keeps_the_files_mode(tmp_path: Path) -> None:
    file = tmp_path / "storyfold.toml"
    file.write_text(template())
    file.chmod(0o640)
    link = tmp_path / "link.toml"
    link.symlink_to(file)
    edit = Edit(link)
    edit.add([{"name": "a", "url": "https://a.example/", "enabled": False}])
    edit.save()
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o640
    assert (
        file.read_text()
        == template().rstrip() + '\n\n[[source]]\nname = "a"\nurl = "https://a.example/"\nenabled = false\n'
    )

    before = file.read_text()
    wrong = Edit(file)
    wrong.add([{"name": "a", "url": "https://b.example/"}])
    with pytest.raises(ConfigurationError, match="another source has the name 'a'"):
        wrong.save()
    late = Edit(file)
    late.switch("a", enabled=True)
    file.write_text(before + "# somebody was quicker\n")
    with pytest.raises(ConfigurationError, match="just changed"):
        late.save()
    assert file.read_text() == before + "# somebody was quicker\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.toml", "storyfold.toml"]

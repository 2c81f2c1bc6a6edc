"""Secrets may lie outside the configuration, and show themselves nowhere."""

import os
from pathlib import Path

import pytest

from foundation.config import Settings, load_settings
from foundation.errors import ConfigurationError

SOURCE = '[[source]]\nname = "a"\nurl = "https://a.example/"\n'


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("STORYFOLD_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def settings(text: str, folder: Path = Path()) -> Settings:
    file = folder / "storyfold.toml"
    file.write_text(SOURCE + text, encoding="utf-8")
    return load_settings(file)


def complaint(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        settings(text)
    assert "s3cret" not in str(caught.value)
    return str(caught.value)


def test_a_secret_may_be_written_named_or_lie_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = tmp_path / "etc"
    (home / "keys").mkdir(parents=True)
    (home / "keys" / "key").write_text("s3cret key\r\n\n", encoding="utf-8")
    monkeypatch.setenv("PROXY_OF_A", "http://me:s3cret@proxy.example:3128")
    text = (
        'basic_auth = "me:s3cret:too"\nproxy = { env = "PROXY_OF_A" }\n'
        'headers = { X-Key = { file = "keys/key" }, X-Plain = "s3cret" }\n'
    )
    source = settings(text, home).sources[0]
    assert source.basic_auth is not None
    assert source.proxy is not None
    assert source.basic_auth.get_secret_value() == "me:s3cret:too"
    assert source.proxy.get_secret_value() == "http://me:s3cret@proxy.example:3128"
    assert {name: value.get_secret_value() for name, value in source.headers.items()} == {
        "X-Key": "s3cret key",
        "X-Plain": "s3cret",
    }
    assert "s3cret" not in repr(source) + str(source) + repr(source.model_dump()) + source.model_dump_json()


def test_the_environment_may_name_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGIN_OF_B", "b:s3cret")
    monkeypatch.setenv(
        "STORYFOLD_SOURCE", '[{"name": "b", "url": "https://b.example/", "basic_auth": {"env": "LOGIN_OF_B"}}]'
    )
    (source,) = settings("").sources
    assert source.basic_auth is not None
    assert source.basic_auth.get_secret_value() == "b:s3cret"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('basic_auth = { env = "NOT_THERE" }', "4: source.basic_auth: the environment variable 'NOT_THERE' is not set"),
        ('basic_auth = { env = "EMPTY" }', "4: source.basic_auth: the environment variable 'EMPTY' is not set"),
        ('basic_auth = { file = "none" }', "4: source.basic_auth: '{folder}/none': No such file or directory"),
        ('basic_auth = { file = "." }', "4: source.basic_auth: '{folder}': Is a directory"),
        ('basic_auth = { file = "empty" }', "4: source.basic_auth: '{folder}/empty': is empty"),
        ('basic_auth = { file = "noise" }', "4: source.basic_auth: '{folder}/noise': is not UTF-8 text"),
        ('basic_auth = { file = "/dev/zero" }', "4: source.basic_auth: '/dev/zero': is larger than a secret"),
        ('basic_auth = { file = "a\\u0000b" }', "4: source.basic_auth: '{folder}/a\\x00b': cannot be read"),
        ('basic_auth = { word = "s3cret" }', '4: source.basic_auth: must be text, or { env = "NAME" }, or '),
        ('basic_auth = { env = "A", file = "s3cret" }', "4: source.basic_auth: must be text, or"),
        ("basic_auth = 5", "4: source.basic_auth: must be text, or"),
        ('basic_auth = "s3cret"', "4: source.basic_auth: must be a user name, a colon and a password"),
        ('basic_auth = "me:s3cret\\r\\n"', "4: source.basic_auth: must be one line without control characters"),
        ('\nproxy = "https://me:s3cret@p/"', "5: source.proxy: must be an address that begins with http://"),
        ('headers = { A = { env = "NOT_THERE" } }', "4: source.headers.A: the environment variable 'NOT_THERE'"),
        ('[source.headers]\nA = { file = "two lines" }', "5: source.headers.A: must be one line"),
        (
            'basic_auth = "me:s3cret"\nheaders = { authorization = "Basic s3cret" }',
            "5: source.headers: Authorization is what `basic_auth` sends",
        ),
    ],
)
def test_what_cannot_be_a_secret_is_told_by_line_and_setting(
    text: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMPTY", "")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "noise").write_bytes(b"\xff\xfes3cret")
    (tmp_path / "two lines").write_text("s3cret\nand more\n")
    assert complaint(text).lower().startswith(f"storyfold.toml:{expected}".replace("{folder}", str(tmp_path)).lower())

"""The sections of `storyfold.toml`: every setting, its default, its bounds and its meaning, in one place.

`storyfold init` writes its commented file from these models, so the two cannot drift apart.
"""

import os
from typing import Annotated, Final

import ada_url
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from foundation.crontab import Crontab
from foundation.errors import UnusableQuery
from foundation.query import parse
from foundation.secrets import Secret

# Measured: two workers keep two cores busy beside the crawl; a machine with one core still needs one.
WORKERS: Final = max(1, min(4, os.cpu_count() or 1))
MAX_NAME: Final = 100
YEAR: Final = 31_536_000.0  # seconds; calendars end before what is longer does


class Section(BaseModel):
    """A part of the configuration: unknown keys are refused, values are fixed once read and never shown in errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)


def _web_address(value: str) -> str:
    if _parsed(value).username or _parsed(value).password:
        # Addresses are stored and shown; `headers` never are.
        raise PydanticCustomError("address", "must not hold a user name or password: use `basic_auth`, or `headers`")
    return value


def _parsed(value: str) -> ada_url.URL:
    try:
        parsed = ada_url.URL(value)
    except ValueError:
        parsed = None
    if parsed is None or parsed.protocol not in ("http:", "https:"):
        raise PydanticCustomError("address", "must be an address that begins with http:// or https://")
    return parsed


def _proxy_address(value: SecretStr) -> SecretStr:
    if _parsed(value.get_secret_value()).protocol != "http:":
        # Scrapy has no way through a proxy spoken to in TLS to a site spoken to in TLS.
        raise PydanticCustomError("address", "must be an address that begins with http://")
    return value


def _one_line(value: SecretStr) -> SecretStr:
    if any(ord(character) < ord(" ") and character != "\t" for character in value.get_secret_value()):
        raise PydanticCustomError("header", "must be one line without control characters")
    return value


def _login(value: SecretStr) -> SecretStr:
    if ":" not in _one_line(value).get_secret_value():
        raise PydanticCustomError("login", "must be a user name, a colon and a password")
    return value


def _plain_name(value: str) -> str:
    if not 0 < len(value) <= MAX_NAME or value != value.strip() or "," in value or not value.isprintable():
        raise PydanticCustomError("name", f"must be a name of 1 to {MAX_NAME} characters, without commas")
    return value


Name = Annotated[str, AfterValidator(_plain_name)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
HeaderName = Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
HeaderValue = Annotated[Secret, AfterValidator(_one_line)]
Login = Annotated[Secret, AfterValidator(_login)]
ProxyAddress = Annotated[Secret, AfterValidator(_proxy_address)]


def _cron_line(value: str) -> str:
    Crontab(value)
    return value


def _time_zone(value: str) -> str:
    Crontab("@daily", value)
    return value


def _watch_query(value: str) -> str:
    try:
        parse(value)
    except UnusableQuery as error:
        raise PydanticCustomError("query", "{what}", {"what": str(error)}) from error
    return value


class CrawlSettings(Section):
    """How the web is asked."""

    user_agent: str = Field(
        default="storyfold/0.1 (news monitoring)",
        min_length=1,
        pattern=r"^[\x20-\x7e]+$",
        description="Says who asks. Add an address where a webmaster can reach you.",
    )
    delay: NonNegativeFloat = Field(default=1.0, description="Seconds between two requests to one host.")
    crawl_delay_ceiling: NonNegativeFloat = Field(
        default=30.0, description="A robots.txt that asks for a longer Crawl-delay than this gets this one."
    )
    concurrency: PositiveInt = Field(
        default=16, description="Requests under way at once, all hosts together; slow ones stop counting after 2 s."
    )
    timeout: PositiveFloat = Field(default=30.0, description="Seconds until an answer must be complete.")
    max_body_mb: PositiveFloat = Field(default=8.0, description="Bodies larger than this (unpacked) are refused.")
    max_redirects: int = Field(default=5, ge=0, description="Redirects followed for one page.")
    attempts: PositiveInt = Field(default=4, description="A page that failed so many times is not asked again.")
    backoff: PositiveFloat = Field(
        default=60.0, description="Seconds until a failed page or feed is asked again; doubled with every failure."
    )
    backoff_ceiling: PositiveFloat = Field(default=43_200.0, le=YEAR, description="The longest such wait, in seconds.")
    retry_pause: NonNegativeFloat = Field(
        default=5.0, description="Seconds until a page that failed in passing is asked again in this run; 0 = next run."
    )
    poll_shortest: NonNegativeFloat = Field(
        default=300.0, description="A feed is asked about this often at most, in seconds, however much it publishes."
    )
    poll_longest: PositiveFloat = Field(
        default=43_200.0, le=YEAR, description="A feed is asked at least this often, in seconds, however quiet it is."
    )
    entries_per_poll: PositiveInt = Field(default=2_000, description="Entries read from one feed at a time.")
    revisit_hours: tuple[Annotated[float, Field(gt=0, le=48)], ...] = Field(
        default=(1.0, 4.0, 12.0, 46.0),
        description="Hours after its first visit at which an article of the last 48 is asked again, for corrections; "
        "[] = only when a feed dates it newer.",
    )
    robots_hours: PositiveFloat = Field(
        default=24.0, le=24, description="A robots.txt is believed for so many hours (RFC 9309: a day at most)."
    )
    host_failures: PositiveInt = Field(
        default=5, description="Server errors, timeouts or lost connections in a row after which a host is left alone."
    )
    host_pause: PositiveFloat = Field(
        default=300.0, description="Seconds that such a host is left alone; doubled each time it fails again."
    )
    pages_per_host: PositiveInt = Field(
        default=5_000,
        description="Pages of one host that a source may add or have asked again in one day; the rest come on the "
        "next.",
    )
    pages_per_pattern: PositiveInt = Field(
        default=1_000,
        description="The same for addresses that differ in numbers and codes only: a calendar, a session id.",
    )
    lease: PositiveFloat = Field(
        default=600.0,
        le=YEAR,
        description="Seconds after which a page that a dead crawl had taken may be taken by another.",
    )
    raw_keep_days: NonNegativeFloat = Field(
        default=14.0,
        le=36_500,
        description="Raw pages are kept so many days after they were read, for `storyfold reread`.",
    )


class ExtractSettings(Section):
    """The worker processes that read pages and feeds, and the limits they live under."""

    workers: PositiveInt = Field(default=WORKERS, description="Processes; the default is the cores, at most four.")
    memory_mb: int = Field(default=512, ge=128, description="Memory for one page, beyond what its worker holds.")
    cpu_seconds: PositiveInt = Field(default=10, description="CPU time for one page.")
    wall_seconds: PositiveFloat = Field(default=30.0, description="Time for one page by the clock.")
    recycle_after: PositiveInt = Field(default=500, description="A worker is replaced after so many pages.")


class CopiesSettings(Section):
    """When two texts are the same text."""

    threshold: float = Field(
        default=0.40, gt=0, le=1, description="Shared part (Jaccard index of 3-word shingles) that makes a copy."
    )
    window_days: PositiveInt = Field(default=30, description="Copies are looked for among articles so many days apart.")


class StoriesSettings(Section):
    """When two texts tell one event."""

    threshold: float = Field(default=0.2, gt=0, lt=1, description="Likeness that joins two copy groups in a story.")
    window_days: PositiveInt = Field(default=14, description="A story is frozen so many days after its last article.")


class SourceSettings(Section):
    """An outlet."""

    name: Name = Field(description="Shown everywhere; renaming makes a new source.")
    url: WebAddress = Field(description="Its homepage.")
    owner: str | None = Field(default=None, min_length=1, description="Outlets of one owner count once as owners.")
    country: str | None = Field(default=None, pattern="^[A-Z]{2}$", description="Two letters, ISO 3166.")
    language: str | None = Field(default=None, pattern="^[a-z]{2,3}$", description="Two or three letters, ISO 639.")
    feeds: tuple[WebAddress, ...] = Field(default=(), description="RSS, Atom or JSON feeds.")
    sitemaps: tuple[WebAddress, ...] = Field(default=(), description="Sitemaps and news sitemaps.")
    sections: tuple[WebAddress, ...] = Field(default=(), description="Pages whose links are articles.")
    tags: tuple[str, ...] = Field(default=(), description="Words of your own, to find its articles by in SQL.")
    enabled: bool = Field(default=True, description="false: it is not asked; its articles stay.")
    allow_private: bool = Field(default=False, description="Its own hosts may have addresses that are not public.")
    insecure_tls: bool = Field(
        default=False, description="Its certificates are not verified; every article that came so says it."
    )
    basic_auth: Login | None = Field(
        default=None,
        repr=False,
        description='user:password, or { env = "NAME" }, or { file = "path" }; sent to the origins of its addresses '
        "only, never after a redirect away.",
    )
    headers: dict[HeaderName, HeaderValue] = Field(
        default_factory=dict,
        repr=False,
        description='Each a text, or { env = "NAME" }, or { file = "path" }; sent like basic_auth, kept out of '
        "database and logs.",
    )
    user_agent: str | None = Field(
        default=None, min_length=1, pattern=r"^[\x20-\x7e]+$", description="Instead of crawl.user_agent."
    )
    proxy: ProxyAddress | None = Field(
        default=None,
        repr=False,
        description="http proxy for this source; the environment's are ignored. A secret like basic_auth.",
    )

    @field_validator("headers")
    @classmethod
    def _one_login(cls, headers: dict[str, SecretStr], info: ValidationInfo) -> dict[str, SecretStr]:
        if info.data.get("basic_auth") and "authorization" in map(str.lower, headers):
            raise PydanticCustomError("login", "Authorization is what `basic_auth` sends: one of them is enough")
        return headers


class WatchSettings(Section):
    """A standing query: the articles and stories that match it are rows."""

    name: Name = Field(description="Shown in `watch_articles` and `watch_stories`; renaming starts a new watch.")
    query: Annotated[str, AfterValidator(_watch_query)] = Field(
        min_length=1,
        max_length=2_000,
        description='Words and "phrases" with AND, OR, NOT and brackets; words side by side must all occur.',
    )


class ScheduleSettings(Section):
    """When runs start by themselves (`storyfold schedule`)."""

    name: Name = Field(description="Written to the ledger; renaming starts a new history.")
    cron: Annotated[str, AfterValidator(_cron_line)] = Field(
        description="A crontab line (minute hour day month weekday) or @hourly, @daily, @weekly …"
    )
    timezone: Annotated[str, AfterValidator(_time_zone)] = Field(
        default="UTC", description="Of the crontab line, such as Europe/Berlin."
    )
    sources: tuple[str, ...] = Field(default=(), description="Names of sources; empty means all.")
    jitter: NonNegativeFloat = Field(default=0.0, description="Starts up to so many seconds after its slot.")
    time_limit: PositiveFloat = Field(default=3_600.0, description="Seconds after which a run is ended.")
    catch_up: bool = Field(default=True, description="After a pause, run the latest missed slot once.")

    @property
    def crontab(self) -> Crontab:
        """The line, read."""
        return Crontab(self.cron, self.timezone)

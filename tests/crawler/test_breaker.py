"""A host in trouble is left alone, ever longer, by every run; one request at a time finds out whether it is well."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from crawler.fetching.breaker import Breaker
from crawler.fetching.outcomes import Outcome
from storage import hosts
from storage.engine import Database
from storage.hosts import Trouble
from tests.crawler.crawl import Site, outlet
from tests.crawler.web import ARTICLE, Asked, Web, page, rss

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TIMEOUT = Outcome("failed", "timeout", is_passing=True)
FAILURES, PAUSE, CEILING = 3, 60.0, 500.0


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def breaker(**known: Trouble) -> Breaker:
    return Breaker(FAILURES, PAUSE, CEILING, known)


def test_closed_open_half_open() -> None:
    one = breaker()
    for second in range(FAILURES):
        assert one.ask("a", now=at(second)) is None
        one.failed("a", TIMEOUT, now=at(second))
    opened = at(FAILURES - 1)
    assert one.ask("a", now=at(FAILURES)) == opened + timedelta(seconds=PAUSE)
    assert one.ask("b", now=at(FAILURES)) is None
    later = opened + timedelta(seconds=PAUSE)
    assert one.ask("a", now=later) is None  # the probe
    assert one.ask("a", now=later) == later + timedelta(seconds=5)
    again = one.failed("a", TIMEOUT, now=later)
    assert again == Trouble(FAILURES + 1, later + timedelta(seconds=2 * PAUSE), "timeout")
    last = later + timedelta(seconds=2 * PAUSE)
    assert one.ask("a", now=last) is None
    assert one.answered("a")
    assert not one.answered("a")
    assert [one.ask("a", now=last) for _ in range(3)] == [None] * 3


def test_what_was_under_way_when_the_pause_began_does_not_lengthen_it() -> None:
    one = breaker(a=Trouble(FAILURES - 1, None, "timeout"))
    first = one.failed("a", TIMEOUT, now=NOW)
    assert one.failed("a", TIMEOUT, now=at(1)) == first


def test_a_server_that_names_a_wait_is_left_alone_for_that_long() -> None:
    one = breaker()
    busy = Outcome("failed", "http_503", is_passing=True, retry_after=120.0)
    assert one.failed("a", busy, now=NOW).paused_until == at(120)
    assert one.ask("a", now=at(119)) == at(120)
    assert one.failed("a", Outcome("failed", "http_429", retry_after=600.0), now=at(60)).paused_until == at(660)
    assert one.ask("a", now=at(660)) is None
    assert one.failed("a", TIMEOUT, now=at(660)).paused_until is None  # its second failure in a row: not yet too many


events = st.lists(
    st.tuples(st.sampled_from(["ask", "fail", "answer"]), st.sampled_from("abc"), st.floats(0, 400)), max_size=60
)


@given(events)
def test_pauses_are_kept_and_bounded_and_one_probe_goes_out_at_a_time(steps: list[tuple[str, str, float]]) -> None:
    one = breaker()
    known: dict[str, Trouble] = {}
    probes: set[str] = set()
    now = NOW
    for step, host, wait in steps:
        now += timedelta(seconds=wait)
        paused = known[host].paused_until if host in known else None
        if step == "ask":
            resume = one.ask(host, now=now)
            assert resume is None or resume > now
            assert (resume is None) == (paused is None or (paused <= now and host not in probes))
            if resume is None and paused is not None:
                probes.add(host)
        elif step == "fail":
            known[host] = one.failed(host, TIMEOUT, now=now)
            probes.discard(host)
            until = known[host].paused_until
            assert (until is not None) == (known[host].failures >= FAILURES)
            assert until is None or until <= now + timedelta(seconds=CEILING)
        else:
            assert one.answered(host) == (known.pop(host, None) is not None)
            probes.discard(host)


@given(st.lists(st.integers(0, 50), max_size=80))
def test_only_so_many_hosts_are_remembered_and_the_latest_are(names: list[int]) -> None:
    one = Breaker(1, PAUSE, CEILING, {}, capacity=5)
    for name in names:
        one.failed(str(name), TIMEOUT, now=NOW)
    latest = list(dict.fromkeys(reversed(names)))[:5]
    assert {name for name in set(names) if one.ask(str(name), now=NOW) is not None} == set(latest)


def test_what_is_known_of_hosts_outlives_a_run(database: Database) -> None:
    trouble = {str(n): Trouble(n, at(n), "timeout") for n in range(1, 5)}
    with database.write() as session:
        for name, known in trouble.items():
            hosts.record(session, name, known, now=NOW + timedelta(minutes=known.failures))
        hosts.record(session, "1", Trouble(9, None, "http_500"), now=NOW)
        hosts.forget(session, "2")
    with database.write() as session:
        loaded = hosts.load(session, 2, now=NOW)
        assert list(loaded.items()) == [("3", trouble["3"]), ("4", trouble["4"])]
        assert hosts.load(session, 9, now=NOW)["1"] == Trouble(9, None, "http_500")
        assert hosts.load(session, 9, now=NOW + timedelta(days=8)) == {}


def test_a_host_that_only_fails_is_left_alone_by_this_run_and_the_next(tmp_path: Path) -> None:
    with Web() as web:
        bad = [web.url(f"/bad/{n}", "bad.example.org") for n in range(12)]
        good = [web.url(f"/good/{n}", "good.example.org") for n in range(12)]
        web.replies |= {f"/bad/{n}": page("", "500 Oops") for n in range(12)}
        web.replies |= {f"/good/{n}": ARTICLE for n in range(12)}
        web.replies["/feed"] = page(rss(*bad, *good))
        names = ("www.example.org", "bad.example.org", "good.example.org")
        crawl = {"host_failures": 3, "host_pause": 600, "retry_pause": 0, "backoff": 0.001}
        site = Site(web, tmp_path, [outlet(web, host=names[0])], crawl=crawl, hosts=names)
        site.run()
        asked = len([path for path in web.paths() if path.startswith("/bad")])
        assert 3 <= asked <= 5  # what was under way when the third failed may end
        ends = site.rows("SELECT url, state, attempts, next_try_at FROM page")
        assert {state for url, state, _, _ in ends if url in good} == {"fetched"}
        left = [(state, tries) for url, state, tries, at in ends if url in bad and at]
        assert len(left) == len(bad)
        assert {state for state, _ in left} == {"waiting"}
        assert sum(tries for _, tries in left) == asked  # a quick machine asks one page again before the next
        rows = site.rows("SELECT name, failures, reason FROM host")
        assert rows == [(f"bad.example.org:{web.port}", 3, "http_500")]
        site.run()
        assert len([path for path in web.paths() if path.startswith("/bad")]) == asked


def test_a_host_that_is_well_again_is_asked_again(tmp_path: Path) -> None:
    calls: list[str] = []

    def shaky(asked: Asked) -> bytes:
        calls.append(asked.path)
        return ARTICLE if len(calls) > 4 else page("", "503 Busy")

    with Web() as web:
        paths = [f"/page/{n}" for n in range(10)]
        web.replies |= dict.fromkeys(paths, shaky)
        web.replies["/feed"] = page(rss(*(web.url(path) for path in paths)))
        crawl = {"host_failures": 3, "host_pause": 0.3, "retry_pause": 0.1, "backoff": 0.001}
        site = Site(web, tmp_path, [outlet(web)], crawl=crawl)
        site.run()
        assert site.ends() == dict.fromkeys(paths, ("fetched", None))
        assert site.rows("SELECT * FROM host") == []


def test_a_busy_host_is_left_alone_for_as_long_as_it_asks(tmp_path: Path) -> None:
    with Web() as web:
        paths = [f"/page/{n}" for n in range(6)]
        web.replies |= dict.fromkeys(paths, page("", "429 Too Many Requests", Retry_After="3600"))
        web.replies["/feed"] = page(rss(*(web.url(path) for path in paths)))
        site = Site(web, tmp_path, [outlet(web)])
        site.run()
        asked = [path for path in web.paths() if path in paths]
        assert len(asked) <= 2
        rows = site.rows("SELECT (julianday(paused_until) - julianday(changed_at)) * 86400, reason FROM host")
        assert [(round(seconds, -2), reason) for seconds, reason in rows] == [(3600, "http_429")]
        site.run()
        assert [path for path in web.paths() if path in paths] == asked

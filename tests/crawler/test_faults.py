"""Whatever a server does, the page ends in a state with a reason, and the crawl goes on."""

import contextlib
import random
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from foundation.compress import decompress
from tests.crawler.certificates import Authority
from tests.crawler.crawl import Site, outlet
from tests.crawler.faults import BY_THE_WAY, FAULTS, LONG_PAUSES, TIMEOUT, damaged
from tests.crawler.observed import Observed
from tests.crawler.web import ARTICLE, Web, certificate, page, redirect, rss

ALL = FAULTS | LONG_PAUSES
SOURCES = 10  # so that what hangs, hangs side by side
PEAK_MB = 250
SECURE = {
    "trusted": ("fetched", None),
    "expired": ("failed", "tls"),
    "mistaken": ("failed", "tls"),
    "plain": ("failed", "tls"),
    "garbage": ("failed", "tls"),
}


@dataclass
class Crawled:
    """What one crawl through all faults left behind."""

    ends: dict[str, tuple[str, str | None]]
    bodies: dict[str, bytes]
    peak_mb: float
    log: str
    asked: list[str]


def host(path: str) -> str:
    """Each fault has a host of its own: what one does to it must not hide what another would."""
    number = list(ALL).index(path)
    return f"host-{number}.example.org"


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    folder = tmp_path_factory.mktemp("faults")
    observed = Observed(folder)
    with contextlib.ExitStack() as stack:
        web = stack.enter_context(Web({path: reply for path, (reply, _, _) in ALL.items()} | BY_THE_WAY))
        groups = [list(FAULTS)[n::SOURCES] for n in range(SOURCES)] + [[path] for path in LONG_PAUSES]
        sources = []
        for number, paths in enumerate(groups):
            links = [web.url(path, host(path)) for path in paths]
            web.replies[f"/feed/{number}"] = page(rss(*links), content_type="application/rss+xml")
            feed = web.url(f"/feed/{number}", "example.org")
            sources.append(outlet(web, f"Outlet {number}", "example.org", feeds=[feed]))
        names = ("example.org", *(host(path) for path in ALL))
        site = Site(web, folder, sources, hosts=names, crawl={"timeout": TIMEOUT}, environment=observed.environment)
        process = site.start()
        log, _ = process.communicate(timeout=120)
        assert process.returncode == 0, log
        ends = {_path(url): (state, reason) for url, state, reason in site.rows("SELECT url, state, reason FROM page")}
        raw = site.rows("SELECT url, body FROM page JOIN raw_body ON page.id = page_id")
        bodies = {_path(url): decompress(body) for url, body in raw}
        yield Crawled(ends, bodies, observed.peak_mb(process.pid), log, web.paths())


def _path(url: str) -> str:
    return "/" + url.split("/", 3)[3]


@pytest.mark.parametrize("path", ALL)
def test_every_answer_ends_in_a_state_with_its_reason(crawled: Crawled, path: str) -> None:
    _, state, reason = ALL[path]
    assert crawled.ends[path] == (state, reason)


def test_no_page_is_left_behind_and_nothing_is_a_surprise(crawled: Crawled) -> None:
    assert crawled.ends.keys() == ALL.keys()
    assert "Traceback" not in crawled.log
    assert "unexpected" not in crawled.log
    assert "/members/secret" not in crawled.asked


def test_the_crawl_stays_small_through_all_of_them(crawled: Crawled) -> None:
    assert crawled.peak_mb < PEAK_MB


def test_what_was_packed_is_kept_unpacked(crawled: Crawled) -> None:
    text = crawled.bodies["/gzip"]
    for path in ("/deflate-raw", "/twice", "/thrice", "/gzip-and-noise", "/not-gzip", "/not-brotli", "/charset-packed"):
        assert crawled.bodies[path] == text, path


def test_an_answer_ends_where_it_says(crawled: Crawled) -> None:
    assert crawled.bodies["/two-answers"] == b"word"
    assert crawled.bodies["/too-much"] == b"wo"
    assert crawled.bodies["/length-and-chunks"] == b"word"
    for path in ("/splitting", "/two-locations", "/refresh", "/refresh-header"):
        assert crawled.bodies[path] == ARTICLE.partition(b"\r\n\r\n")[2], path


@contextlib.contextmanager
def blunt(answer: bytes) -> Iterator[int]:
    """A port that says this, whatever it is asked."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65_536)
            self.request.sendall(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[str, str | None]]]:
    folder = tmp_path_factory.mktemp("secure")
    authority = Authority(folder)
    with contextlib.ExitStack() as stack:
        contexts = {
            "trusted": authority.context("trusted.example.org"),
            "expired": authority.context("expired.example.org", is_expired=True),
            "mistaken": authority.context("somebody-else.test"),
        }
        ports = {name: stack.enter_context(Web({"/": ARTICLE}, tls=context)).port for name, context in contexts.items()}
        ports["plain"] = stack.enter_context(blunt(page("We speak HTTP here.", "400 Bad Request")))
        ports["garbage"] = stack.enter_context(blunt(b"\x16\x03\x03\xff\xff\x02" + b"\x00" * 200))
        links = [f"https://{name}.example.org:{port}/" for name, port in ports.items()]
        web = stack.enter_context(Web())
        web.replies["/feed"] = page(rss(*links))
        names = tuple(f"{name}.example.org" for name in ("www", *SECURE))
        source = outlet(web, host="www.example.org")
        site = Site(web, folder, [source], hosts=names, environment=authority.environment)
        site.run()
        ends = site.rows("SELECT url, state, reason FROM page")
        yield {url.split("/")[2].split(".")[0]: (state, reason) for url, state, reason in ends}


@pytest.mark.parametrize("name", SECURE)
def test_only_a_certificate_that_somebody_vouches_for_is_believed(
    secure: dict[str, tuple[str, str | None]], name: str
) -> None:
    assert secure[name] == SECURE[name]


def test_a_host_that_does_not_answer_is_a_reason_too(tmp_path: Path) -> None:
    with Web() as closed:
        pass
    with Web({"/a": ARTICLE}) as web, Web({"/a": ARTICLE}, tls=certificate(tmp_path)) as unvouched:
        links = {
            closed.url("/refused"): ["failed", "connection_refused"],
            "http://unheard-of.test/": ["failed", "no_such_host"],
            "http://user:secret@a.test/x": ["refused", "private_address"],
            unvouched.url("/a"): ["failed", "tls"],
            f"http://127.0.0.1:{unvouched.port}/a": ["failed", "robots_unreachable"],
        }
        web.replies["/feed"] = page(rss(*links))
        site = Site(web, tmp_path, [outlet(web)], hosts=("a.test",), crawl={"retry_pause": 0})
        site.run()
        ends = {url: end for url, *end in site.rows("SELECT url, state, reason FROM page")}
    assert ends == {url.replace("user:secret@", ""): end for url, end in links.items()}
    assert unvouched.log == []


def test_a_redirect_with_a_password_goes_without_it(tmp_path: Path) -> None:
    with Web({"/landing": ARTICLE}) as web:
        web.replies["/feed"] = page(rss(web.url("/go")))
        web.replies["/go"] = redirect(web.url("/landing", "user:secret@127.0.0.1"))
        site = Site(web, tmp_path, [outlet(web)])
        site.run()
        assert site.ends() == {"/go": ("fetched", None)}
        assert [asked.headers.get("authorization") for asked in web.log] == [None] * len(web.log)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_no_damaged_answer_is_without_a_name_or_left_behind(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    names = [f"host-{n}.example.org" for n in range(400)]
    with Web({f"/page/{n}": damaged(chance) for n in range(len(names))}) as web:
        sources = []
        for number in range(SOURCES):
            links = [web.url(f"/page/{n}", names[n]) for n in range(number, len(names), SOURCES)]
            web.replies[f"/feed/{number}"] = page(rss(*links), content_type="application/rss+xml")
            feed = web.url(f"/feed/{number}", "example.org")
            sources.append(outlet(web, f"Outlet {number}", "example.org", feeds=[feed]))
        site = Site(web, tmp_path, sources, hosts=("example.org", *names), crawl={"timeout": 2})
        site.run()
    ends = site.rows("SELECT state, reason FROM page")
    assert len(ends) == len(names)
    assert {state for state, _ in ends} <= {"fetched", "failed", "refused", "gone"}
    assert [reason for _, reason in ends if reason and reason.startswith("unexpected")] == []

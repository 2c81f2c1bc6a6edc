"""The news web's names resolve in a crawl, and nobody else's do."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.newsweb import NewsWeb
from console.newsweb.hosts import format_hosts, parse_hosts

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,20}\.test", fullmatch=True)

SPIDER = """
import sys
import scrapy
from scrapy.crawler import CrawlerProcess

class Asking(scrapy.Spider):
    name = "asking"

    async def start(self):
        for url in sys.argv[1:]:
            yield scrapy.Request(url, callback=self.seen, errback=self.missed)

    def seen(self, response):
        print(response.url, response.status, flush=True)

    def missed(self, failure):
        print(failure.request.url, failure.type.__name__, flush=True)

process = CrawlerProcess({"TWISTED_DNS_RESOLVER": "console.newsweb.resolver.StaticHostsResolver", "LOG_ENABLED": False,
                          "RETRY_ENABLED": False, "REMOTE_CONTROL_ENABLED": False, "TELNETCONSOLE_ENABLED": False})
process.crawl(Asking)
process.start()
"""


def crawl(web: NewsWeb, *urls: str) -> dict[str, str]:
    """What became of each URL in a real Scrapy process."""
    done = subprocess.run(
        [sys.executable, "-c", SPIDER, *urls],
        env={**os.environ, **web.environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())


def test_a_crawl_reaches_the_web_s_hosts_and_no_others() -> None:
    with NewsWeb() as web:
        ours, unknown = web.url("shiomi.test", "/feed.json"), web.url("unknown.test")
        number = f"http://2130706433:{web.trap_port}/"
        assert crawl(web, ours, unknown, number) == {ours: "200", unknown: "CannotResolveHostError", number: "200"}
        assert len(web.trap_hits) == 1  # nothing guards this crawl: the trap is where the spellings lead


@given(st.dictionaries(NAMES, st.ip_addresses(v=4).map(str)))
def test_hosts_survive_writing_and_reading(hosts: dict[str, str]) -> None:
    assert parse_hosts(format_hosts(hosts)) == hosts


@pytest.mark.parametrize("text", ["a.test", "=127.0.0.1", "a.test="])
def test_a_list_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected name=address"):
        parse_hosts(text)

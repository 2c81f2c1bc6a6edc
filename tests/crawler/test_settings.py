"""The hardened settings are the ones that a crawl runs with."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from scrapy.crawler import Crawler
from scrapy.spiderloader import SpiderLoader
from scrapy.utils.misc import load_object
from scrapy.utils.project import get_project_settings

from crawler import settings as ours
from crawler.configure import Configure
from crawler.spiders.news import NewsSpider
from foundation.config import CrawlSettings
from tests.crawler.crawl import ROOT

MUST_BE_OFF = [
    *("TELNETCONSOLE_ENABLED", "REMOTE_CONTROL_ENABLED", "COOKIES_ENABLED", "METAREFRESH_ENABLED", "REFERER_ENABLED"),
    *("HTTPCACHE_ENABLED", "RETRY_ENABLED", "DOWNLOAD_FAIL_ON_DATALOSS"),
]


@pytest.fixture
def crawler(monkeypatch: pytest.MonkeyPatch) -> Crawler:
    monkeypatch.setenv("SCRAPY_SETTINGS_MODULE", "crawler.settings")
    return Crawler(NewsSpider, get_project_settings())


def test_what_must_be_off_is_off(crawler: Crawler) -> None:
    assert [name for name in MUST_BE_OFF if crawler.settings.getbool(name)] == []
    assert crawler.settings.getbool("ROBOTSTXT_OBEY")
    assert crawler.settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES")


def test_only_http_is_spoken(crawler: Crawler) -> None:
    handlers = crawler.settings.getwithbase("DOWNLOAD_HANDLERS")
    assert {scheme for scheme, handler in handlers.items() if handler} == {"http", "https"}


def test_every_component_exists(crawler: Crawler) -> None:
    for setting in ("DOWNLOADER_MIDDLEWARES", "SPIDER_MIDDLEWARES", "EXTENSIONS_BASE", "ITEM_PIPELINES", "ADDONS"):
        for path, order in crawler.settings.getdict(setting).items():
            assert order is None or load_object(path)


def test_every_spider_loads(crawler: Crawler) -> None:
    assert SpiderLoader.from_settings(crawler.settings).list() == ["discover", "news"]


def test_every_deviation_says_what_it_deviates_from() -> None:
    text = Path(str(ours.__file__)).read_text(encoding="utf-8")
    lines = re.findall(r"^([A-Z_]+) = (True|False|[0-9][^#\n]*|\"[^\"]*\")\s*(#.*)?$", text, re.MULTILINE)
    assert len(lines) > 15
    unexplained = [name for name, _, comment in lines if "default" not in comment and "ours" not in comment]
    assert set(unexplained) <= {"NEWSPIDER_MODULE", "COMMANDS_MODULE"}


def test_the_configuration_file_decides_and_a_command_line_overrides(crawler: Crawler) -> None:
    crawler.settings.set("DOWNLOAD_TIMEOUT", 7, priority="cmdline")
    crawl = CrawlSettings(delay=0.5, user_agent="mine/1", max_body_mb=2, timeout=9)
    Configure(crawl).update_settings(crawler.settings)
    assert crawler.settings.getfloat("DOWNLOAD_DELAY") == 0.5
    assert crawler.settings["USER_AGENT"] == "mine/1"
    assert crawler.settings.getint("DOWNLOAD_MAXSIZE") == 2 * 1024 * 1024
    assert crawler.settings.getfloat("DOWNLOAD_TIMEOUT") == 7


def test_the_crawl_process_does_not_load_what_only_workers_need() -> None:
    program = (
        "import sys\n"
        "from scrapy.utils.misc import load_object\n"
        "import crawler.spiders.news, crawler.settings as ours\n"
        "for path in ours.ITEM_PIPELINES: load_object(path)\n"
        "print(sorted({'trafilatura', 'htmldate', 'numpy', 'scipy', 'datasketch'} & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

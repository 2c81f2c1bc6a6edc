"""Run the real spider as a real process against a local web, and look at what it left in the database."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foundation.config_template import entry
from tests.crawler.web import Web

ROOT = Path(__file__).parents[2]
KEEP_ONLY = '{"pipelines.raw.KeepRaw": 100}'
QUICK = {"delay": 0, "retry_pause": 0.2, "poll_shortest": 0, "poll_longest": 0.001, "timeout": 5}


@dataclass
class Site:
    """A configured source on a local web."""

    web: Web
    folder: Path
    sources: list[dict[str, Any]]
    crawl: dict[str, Any] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    extract: dict[str, Any] = field(default_factory=lambda: {"workers": 1})
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        return self.folder / "news.db"

    def start(self, *arguments: str, keep_only: bool = True) -> "subprocess.Popen[str]":
        """Start `scrapy crawl news` and return the process."""
        return self._popen(["crawl", "news", *arguments], keep_only=keep_only)

    def _popen(self, command: list[str], *, keep_only: bool) -> "subprocess.Popen[str]":
        config = self.folder / "storyfold.toml"
        config.write_text(self._toml(), encoding="utf-8")
        env = {key: value for key, value in os.environ.items() if not key.startswith("STORYFOLD_")}
        env |= {"STORYFOLD_CONFIG": str(config), "SCRAPY_SETTINGS_MODULE": "crawler.settings"}
        env |= self.environment
        if self.hosts:
            env["STORYFOLD_DNS_RESOLVER"] = "console.newsweb.resolver.StaticHostsResolver"
            env["STORYFOLD_STATIC_HOSTS"] = ",".join(f"{host}=127.0.0.1" for host in self.hosts)
        command = [sys.executable, "-m", "scrapy", *command]
        if keep_only:
            command += ["-s", f"ITEM_PIPELINES={KEEP_ONLY}", "-s", "WORKER_PRELOAD=crawler.readers.feeds"]
        return subprocess.Popen(command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, *arguments: str, keep_only: bool = True, code: int = 0) -> str:
        """Run the spider to its end and return its log."""
        process = self.start(*arguments, keep_only=keep_only)
        log, _ = process.communicate(timeout=120)
        assert process.returncode == code, log
        assert "Traceback" not in log, log
        return log

    def run_spider(self, spider: Path) -> str:
        """Run a user's own spider from a file, under this project's settings."""
        command = ["runspider", str(spider)]
        process = self._popen(command, keep_only=True)
        log, _ = process.communicate(timeout=120)
        assert process.returncode == 0, log
        assert "Traceback" not in log, log
        return log

    def discover(self, out: Path) -> str:
        """Run the spider that looks for feeds and return its log."""
        process = self._popen(["crawl", "discover", "-a", f"out={out}"], keep_only=False)
        log, _ = process.communicate(timeout=120)
        assert process.returncode == 0, log
        assert "Traceback" not in log, log
        return log

    def run_and_kill(self, moment: Callable[[], bool]) -> None:
        """Run the spider and kill it, as -9 does, once ``moment`` has come."""
        process = self.start()
        deadline = time.monotonic() + 60
        while not moment():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate()

    def rows(self, sql: str, *values: object) -> list[Any]:
        connection = sqlite3.connect(self.database)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def ends(self) -> dict[str, tuple[str, str | None]]:
        """State and reason of every page, by its URL without the server's address."""
        rows = self.rows("SELECT url, state, reason FROM page")
        return {url.removeprefix(self.web.url("")): (state, reason) for url, state, reason in rows}

    def _toml(self) -> str:
        lines = [f"database = {json.dumps(f'sqlite:///{self.database}')}"]
        for name, section in (("crawl", QUICK | self.crawl), ("extract", self.extract)):
            lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in section.items())]
        lines += [entry("source", source) for source in self.sources]
        return "\n".join(lines)


def outlet(web: Web, name: str = "Outlet", host: str = "127.0.0.1", **more: Any) -> dict[str, Any]:
    """A source whose feed is /feed on the local web."""
    return {
        "name": name,
        "url": web.url("/", host),
        "feeds": [web.url("/feed", host)],
        "allow_private": True,
    } | more

"""Run the news web in the foreground, to look at it in a browser or to crawl it by hand."""

import argparse
import contextlib
import signal
from pathlib import Path

from console.newsweb.server import NewsWeb


def main() -> None:
    """Serve until interrupted; phase 2 begins when Enter is pressed."""
    parser = argparse.ArgumentParser(prog="python -m console.newsweb", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free one)")
    parser.add_argument("--config", type=Path, help="write a storyfold.toml with the sources to this file")
    parser.add_argument("--database", default="sqlite:///newsweb.db", help="the database that --config names")
    arguments = parser.parse_args()
    with NewsWeb(arguments.port) as web:
        for outlet in web.content.outlets.values():
            print(f"{outlet.name:<24} {web.url(outlet.host)}  ({', '.join(feed.kind for feed in outlet.feeds)})")
        print(f"\nexport STORYFOLD_STATIC_HOSTS={web.static_hosts}", flush=True)
        if arguments.config:
            arguments.config.write_text(web.config_toml(arguments.database), "utf-8")
        _wait_for_phase_two(web)


def _wait_for_phase_two(web: NewsWeb) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        with contextlib.suppress(EOFError):  # started without a terminal: phase 1 for ever
            input("\nEnter: the next phase. Ctrl-C: stop.\n")
            web.tick()
            print("Phase 2.", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()

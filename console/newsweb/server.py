"""Serve the news web on loopback: one port, many hosts, and a trap that no crawler may reach.

An asyncio server in one thread, written on streams, because a framework would not send half a body on purpose.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from types import TracebackType
from typing import Self

from console.newsweb.content import Content, load_content
from console.newsweb.hosts import VARIABLE, format_hosts
from console.newsweb.replies import Reply, plain
from console.newsweb.site import Site
from console.newsweb.sources import config_toml
from console.newsweb.truth import Truth, load_truth

ADDRESS = "127.0.0.1"
IDLE_SECONDS = 30.0
START_SECONDS = 30.0
SETTLING_TURNS = 8  # accept, start the task, read, write, note: one turn of the loop each
INTRANET = "intranet.test"  # resolves to loopback like the outlets, but is no source: nobody may go there


@dataclass(frozen=True, slots=True)
class Request:
    """One request that was answered: the web's own memory of who asked for what."""

    time: datetime
    host: str
    path: str  # with its query
    status: int
    complete: bool  # the whole reply was handed to the system
    conditional: bool  # it carried If-None-Match or If-Modified-Since


class NewsWeb:
    """A context manager: the web is up inside ``with``, and its thread and sockets are gone after it."""

    def __init__(self, port: int = 0, base: datetime | None = None) -> None:
        self.port = port
        self.trap_port = 0
        self.base = base or _rounded(datetime.now(UTC))
        self.content: Content = load_content()
        self.truth: Truth = load_truth()
        self._log: list[Request] = []
        self._trap_hits: list[datetime] = []
        self._site: Site | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._started = threading.Event()
        self._failure: OSError | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="newsweb")

    def __enter__(self) -> Self:
        """Start; raises OSError when the port is taken."""
        self._thread.start()
        self._started.wait(START_SECONDS)
        if self._failure:
            self._thread.join()
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop: connections are closed, the thread is joined."""
        if self._loop:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def log(self) -> list[Request]:
        """Every request answered so far."""
        self._settle()
        return list(self._log)

    @property
    def trap_hits(self) -> list[datetime]:
        """When somebody connected to the trap: never, if all is well."""
        self._settle()
        return list(self._trap_hits)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host name of the web, the hostile ones too."""
        return (*self.content.outlets, INTRANET)

    @property
    def static_hosts(self) -> str:
        """The hosts as the resolver reads them."""
        return format_hosts(dict.fromkeys(self.hosts, ADDRESS))

    @property
    def environment(self) -> dict[str, str]:
        """What a crawling child process needs in its environment to find the hosts."""
        return {VARIABLE: self.static_hosts, "STORYFOLD_DNS_RESOLVER": "console.newsweb.resolver.StaticHostsResolver"}

    @property
    def phase(self) -> int:
        """1, or 2 after ``tick``."""
        return 1 if self._running.tick is None else 2

    def tick(self, moment: datetime | None = None) -> None:
        """Go to phase 2: an article is updated as of ``moment`` (now), another appears, their feeds change."""
        moment = (moment or datetime.now(UTC)).replace(microsecond=0)
        self._running.tick = (self.base - moment).total_seconds() / 60

    def url(self, host: str, path: str = "/") -> str:
        """The address of a path."""
        return f"http://{host}:{self.port}{path}"

    def config_toml(self, database: str) -> str:
        """A storyfold.toml that names every outlet as a source."""
        return config_toml(self.content, self.port, database)

    @property
    def _running(self) -> Site:
        if self._site is None:
            raise RuntimeError("the news web is not started")
        return self._site

    def _settle(self) -> None:
        """Let the loop finish what a client has already seen: it reads a reply before the server has noted it."""
        if self._loop and self._loop.is_running():
            asyncio.run_coroutine_threadsafe(_turns(), self._loop).result()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            server = await asyncio.start_server(self._accept, ADDRESS, self.port)
        except OSError as error:
            self._failure = error
            self._started.set()
            return
        trap = await asyncio.start_server(self._spring, ADDRESS, 0)
        self.port, self.trap_port = server.sockets[0].getsockname()[1], trap.sockets[0].getsockname()[1]
        self._site = Site(self.content, self.base, self.port, self.trap_port)
        self._started.set()
        await self._stop.wait()
        server.close()
        trap.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections)
        await asyncio.sleep(0)  # transports close their sockets in the loop's next turn

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with self._connection(writer):
            while await self._converse(reader, writer):
                pass

    async def _spring(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._trap_hits.append(datetime.now(UTC))
        async with self._connection(writer):
            await send(writer, plain(200, "You should not be here"), head=False)

    @contextlib.asynccontextmanager
    async def _connection(self, writer: asyncio.StreamWriter) -> AsyncIterator[None]:
        """Remember the connection's task while it lives; a client that leaves, or the web's end, closes it quietly."""
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        writer.transport.set_write_buffer_limits(high=0)  # so that drain() means: handed to the system
        try:
            yield
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._connections.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; True when the connection may carry another."""
        async with asyncio.timeout(IDLE_SECONDS):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *lines = head.split("\r\n")
        method, _, rest = line.partition(" ")
        target = rest.rpartition(" ")[0]
        headers = {name.strip().lower(): value.strip() for name, _, value in (text.partition(":") for text in lines)}
        host = headers.get("host", "").partition(":")[0].lower()
        reply = self._running.answer(host, target, headers)
        complete = False
        when = datetime.now(UTC)
        try:
            await send(writer, reply, head=method == "HEAD")
            complete = reply.declared is None
        finally:
            asked_again = "if-none-match" in headers or "if-modified-since" in headers
            self._log.append(Request(when, host, target, reply.status, complete, asked_again))
        return _keeps(reply) and headers.get("connection", "").lower() != "close"


async def _turns() -> None:
    for _ in range(SETTLING_TURNS):
        await asyncio.sleep(0)


async def send(writer: asyncio.StreamWriter, reply: Reply, *, head: bool) -> None:
    """Write a reply; raises ConnectionError when the client goes away."""
    for chunk in _chunks(reply, head=head):
        writer.write(chunk)
        await writer.drain()


def _chunks(reply: Reply, *, head: bool) -> Iterator[bytes]:
    headers = [*reply.headers, ("Server", "newsweb")]
    if isinstance(reply.body, bytes) and reply.status != HTTPStatus.NOT_MODIFIED:
        headers.append(("Content-Length", str(len(reply.body) if reply.declared is None else reply.declared)))
    headers.append(("Connection", "keep-alive" if _keeps(reply) else "close"))
    lines = [
        f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    yield ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    if head or reply.status == HTTPStatus.NOT_MODIFIED:
        return
    if isinstance(reply.body, bytes):
        yield reply.body
    else:
        yield from reply.body


def _keeps(reply: Reply) -> bool:
    return isinstance(reply.body, bytes) and reply.declared is None


def _rounded(moment: datetime) -> datetime:
    return moment.replace(minute=moment.minute // 10 * 10, second=0, microsecond=0)

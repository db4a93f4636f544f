"""A network that does everything wrong: it loses, delays, doubles, shortens and cuts off, at random.

Now and then it answers itself, as a proxy does that finds no server behind it.
"""

import asyncio
import random
import re
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from tests.studyapp.outbox import exchange

LONGEST_DELAY_S = 0.2
# What a script asks for again when it fails; a browser asks for a page once.
ASKED_AGAIN = re.compile(rb"[A-Z]+ /p/[^/ ]+/(responses|trials)/ ")
FOREIGN = (400, 404, 409, 410, 502)


class LossyProxy:
    """Takes HTTP requests, one a connection, and hands on what its seed lets through.

    Only what a script sends is done wrong to. ``did`` counts what was done; a duplicate may arrive long after the
    participant has gone on to later trials. ``strangers`` is how often the proxy answers itself, where 100 stands for
    all other fates together.
    """

    def __init__(self, *, port: int, seed: int, strangers: int = 8) -> None:
        self.did: Counter[str] = Counter()
        self._port = port
        self._rng = random.Random(seed)
        self._late: set[asyncio.Task[bytes]] = set()
        self._fates: dict[str, tuple[int, Callable[[bytes], Awaitable[bytes]]]] = {
            "passed": (40, self._pass),
            "delayed": (10, self._delay),
            "request lost": (10, self._lose_request),
            "request cut off": (8, self._cut_request),
            "body shortened": (8, self._shorten_body),
            "reply lost": (12, self._lose_reply),
            "reply cut off": (8, self._cut_reply),
            "doubled at once": (6, self._double),
            "doubled later": (6, self._double_later),
            "answered by a stranger": (strangers, self._answer_itself),
        }

    @property
    def faults(self) -> int:
        """How many requests did not simply pass."""
        return self.did.total() - self.did["passed"]

    async def __aenter__(self) -> int:
        """Listen; gives the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aexit__(self, *_: object) -> None:
        """Stop, after the late duplicates have arrived."""
        await asyncio.gather(*self._late, return_exceptions=True)
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _whole_request(reader)
            if not ASKED_AGAIN.match(request):
                writer.write(await self._pass(request))
                return
            weights = [weight for weight, _ in self._fates.values()]
            fate = self._rng.choices(list(self._fates), weights)[0]
            self.did[fate] += 1
            writer.write(await self._fates[fate][1](request))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            self.did["failed beyond the proxy"] += 1
        finally:
            writer.close()

    async def _pass(self, request: bytes) -> bytes:
        return await exchange(self._port, request)

    async def _delay(self, request: bytes) -> bytes:
        await asyncio.sleep(self._rng.uniform(0, LONGEST_DELAY_S))
        return await self._pass(request)

    async def _lose_request(self, request: bytes) -> bytes:
        return b""

    async def _cut_request(self, request: bytes) -> bytes:
        """What the server makes of the part is not told to anyone."""
        _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(request[: self._rng.randrange(1, len(request))])
        await writer.drain()
        writer.close()
        return b""

    async def _shorten_body(self, request: bytes) -> bytes:
        """Whole by its head, as from a proxy that lost its buffer; what has no body simply passes."""
        head, end, body = request.partition(b"\r\n\r\n")
        kept = body[: self._rng.randrange(len(body))] if body else body
        head = re.sub(rb"(?i)(\r\ncontent-length: )[^\r]*", rb"\g<1>%d" % len(kept), head)
        return await self._pass(head + end + kept)

    async def _lose_reply(self, request: bytes) -> bytes:
        await self._pass(request)
        return b""

    async def _cut_reply(self, request: bytes) -> bytes:
        reply = await self._pass(request)
        return reply[: self._rng.randrange(len(reply))] if reply else reply

    async def _double(self, request: bytes) -> bytes:
        replies = await asyncio.gather(self._pass(request), self._pass(request))
        return self._rng.choice(replies)

    async def _double_later(self, request: bytes) -> bytes:
        again = asyncio.create_task(self._delay(request))
        self._late.add(again)
        return await self._pass(request)

    async def _answer_itself(self, request: bytes) -> bytes:
        status, page = self._rng.choice(FOREIGN), b"<h1>There is nothing here</h1>"
        head = f"HTTP/1.1 {status} No\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n"
        return head.encode() + b"Connection: close\r\n\r\n" + page


@contextmanager
def beside(proxy: LossyProxy) -> Iterator[int]:
    """Let the proxy run in a thread of its own, for a test that waits for a browser; gives its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(proxy.__aenter__(), loop).result()
        asyncio.run_coroutine_threadsafe(proxy.__aexit__(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _whole_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    head = re.sub(rb"(?i)\r\nconnection: [^\r]*", b"\r\nConnection: close", head)
    length = next(
        (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), 0
    )
    return head + await reader.readexactly(length)

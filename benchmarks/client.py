"""A light HTTP/1.1 client: one connection that stays open, as few instructions a request as asyncio allows."""

import asyncio
import re

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
LOCATION = re.compile(rb"\nlocation: *(\S+)", re.IGNORECASE)


class Connection:
    """Keeps one connection to a port of this machine, and opens it again where the server has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def get(self, path: str) -> tuple[int, bytes, bytes]:
        """Status, head and body."""
        return await self.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    async def post(self, path: str, body: bytes, head: str) -> tuple[int, bytes, bytes]:
        """Send a body, with further lines of the head; gives status, head and body of the reply."""
        first = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n{head}\r\n"
        return await self.send(first.encode() + body)

    async def send(self, request: bytes) -> tuple[int, bytes, bytes]:
        """Send, once more where the server had closed the connection meanwhile."""
        if self._reader is not None:
            try:
                return await self._exchange(request)
            except (OSError, asyncio.IncompleteReadError):
                self.close()
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**20)
        return await self._exchange(request)

    async def _exchange(self, request: bytes) -> tuple[int, bytes, bytes]:
        assert self._reader is not None
        assert self._writer is not None
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        body = await self._reader.readexactly(int(length[1])) if length else await self._chunks(head)
        if b"connection: close" in head.lower():
            self.close()
        return int(head[9:12]), head, body

    async def _chunks(self, head: bytes) -> bytes:
        """The body of a reply that does not say its length: in chunks, or none."""
        assert self._reader is not None
        body = b""
        while b"chunked" in head:
            size = int(await self._reader.readline(), 16)
            body += (await self._reader.readexactly(size + 2))[:-2]
            if not size:
                break
        return body

    def close(self) -> None:
        """Let the connection go."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

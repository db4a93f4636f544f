"""Participants without a browser, who send their answers as outbox.js does: in order, again until acknowledged."""

import asyncio
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

# As outbox.js: with such a word our server has decided about an answer; a status alone may come from anything, and what
# was "unreadable" was damaged on the way.
ACKNOWLEDGED = {"stored", "already answered"}
REFUSED = {"not_an_answer", "not_taken", "unknown_session"}
# A hundredth of outbox.js's pauses, so that a test takes seconds.
FIRST_PAUSE_S, LONGEST_PAUSE_S, TIMEOUT_S = 0.005, 0.3, 5
# Django compares the cookie with the header; any token of this length will do.
CSRF = "a" * 32


@dataclass
class Answer:
    """One answer, what became of it, and how often it was sent."""

    trial: str
    choice: str
    client_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    sent: int = 0
    acknowledged: str = ""

    @property
    def body(self) -> bytes:
        """As the browser sends it."""
        answer = {"trial": self.trial, "client_id": self.client_id, "choice": self.choice}
        return json.dumps(answer | {"confidence": 2, "rt_ms": 812.4}).encode()


@dataclass
class Person:
    """Somebody at the first main trial, with the answers that will be given."""

    token: str
    answers: list[Answer]


async def deliver_all(
    people: Sequence[Person], port: int, headers: Callable[[Answer], str] = lambda answer: "", within_s: float = 120
) -> None:
    """Let all people send all their answers at the same time, each of them one after another.

    ``headers`` gives further lines of a request's head.

    Raises:
        TimeoutError: not all are acknowledged in ``within_s`` seconds.
    """
    async with asyncio.timeout(within_s):
        await asyncio.gather(*(_deliver(person, port, headers) for person in people))


async def _deliver(person: Person, port: int, headers: Callable[[Answer], str]) -> None:
    for answer in person.answers:
        pause = FIRST_PAUSE_S
        while not answer.acknowledged:
            further = headers(answer)
            answer.sent += 1
            status, reply = await _attempt(person.token, answer, port, further)
            if status == 200 and reply.get("status") in ACKNOWLEDGED:
                answer.acknowledged = reply["status"]
            elif status >= 400 and reply.get("code") in REFUSED:
                answer.acknowledged = f"refused: {reply}"
            else:
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)


async def _attempt(token: str, answer: Answer, port: int, further: str) -> tuple[int, dict[str, str]]:
    """Send once; status 0 where no whole reply came back."""
    head = (
        f"POST /p/{token}/responses/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(answer.body)}\r\n"
        f"Cookie: csrftoken={CSRF}\r\nX-CSRFToken: {CSRF}\r\n{further}\r\n"
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return _parsed(await exchange(port, head.encode() + answer.body))
    except (OSError, TimeoutError):
        return 0, {}


async def exchange(port: int, request: bytes) -> bytes:
    """Send these bytes over a connection of their own, and give all that comes back until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        await writer.drain()
        return await reader.read()
    finally:
        writer.close()


def _parsed(reply: bytes) -> tuple[int, dict[str, str]]:
    """Status and JSON of a reply; status 0 of one that was cut off or is not ours."""
    head, _, body = reply.partition(b"\r\n\r\n")
    try:
        return int(head.split()[1]), json.loads(body)
    except (IndexError, ValueError):
        return 0, {}

"""Several workers as one: hands out jobs, gathers results, and goes on when a worker dies."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from stimuli.engines import tasks
from stimuli.engines.interface import Values
from stimuli.engines.work import ATTEMPTS, Job, Work, jobs
from stimuli.engines.worker import Result, Worker, WorkerDiedError
from stimuli.orders import EngineError, ImageSource, Made, NetworkFacts, Order

# How long nobody may be there before it is said that nobody comes. A cluster may first have to start processes.
PATIENCE_S = 120.0

# What a job came to: a result for each of its items, or that the network refused.
Outcome = tuple[Job, list[Any] | EngineError]
_NO_JOB = Job((), ())

_WANT_OF_MEMORY = "That may be for want of memory; use fewer --workers and run the same command again."
_NAMED = 5


@dataclass
class _Post:
    """A worker, and what it has in hand, oldest first. It is handed jobs once its network is known to be the same."""

    worker: Worker
    arrival: Future[str]
    facts: Future[NetworkFacts]
    is_ready: bool = False
    in_hand: dict[Future[list[Any]], Job] = field(default_factory=dict)

    def is_there(self) -> bool:
        return self.is_ready or (self.arrival.done() and self.arrival.exception() is None)

    def pending(self) -> list[Future[Any]]:
        return list(self.in_hand) if self.is_ready else [self.facts if self.is_there() else self.arrival]


class Crew:
    """Workers that share the work; each is hired when there is work for it, and another in the place of a dead one.

    Results do not depend on who computes, since all workers must have the same network, libraries and kind of device.
    A job whose worker died is done again by another; one that nobody survives is named at the end, when all others
    are done.

    Args:
        hire: starts the worker of a place.
        size: how many places there are.
        chunk: how many orders a worker is handed at once.
        send: an image file as a worker can read it.

    Raises:
        EngineError: the network cannot be had, or no worker comes.
    """

    facts: NetworkFacts

    def __init__(
        self,
        hire: Callable[[int], Worker],
        size: int,
        *,
        chunk: int = 1,
        send: Callable[[ImageSource], ImageSource] = lambda source: source,
    ) -> None:
        self._hire, self._size, self._chunk, self._send = hire, size, chunk, send
        self.at_once = size * chunk
        self._posts: dict[int, _Post] = {}
        self._known: tuple[str, NetworkFacts] | None = None
        self._died_unready = 0
        self._first_ready()
        assert self._known is not None
        self.facts = self._known[1]

    def locate(self, feature: str) -> tuple[str, int]:
        """See Workers."""
        return self._ask(tasks.locate, feature)

    def check(self, order: Order) -> None:
        """See Workers."""
        self._ask(tasks.check, order)

    def activations(
        self, batches: Iterable[Sequence[ImageSource]], layers: Sequence[str]
    ) -> Iterator[tuple[int, Values]]:
        """See Workers."""
        found = (Job((place,), (batch,)) for place, batch in enumerate(batches))
        return self._results(found, lambda batch: [self._send(image) for image in batch], tasks.activations, layers)

    def make(self, orders: Sequence[Order]) -> Iterator[tuple[int, Made]]:
        """See Workers."""
        return self._results(jobs(orders, self._size, self._chunk), self._sent, tasks.make)

    def _sent(self, order: Order) -> Order:
        image = order.image and self._send(order.image)
        return replace(order, image=image, natural=tuple(self._send(source) for source in order.natural))

    def _ask(self, task: Callable[..., Result], *arguments: Any) -> Result:
        for _ in range(ATTEMPTS):
            place, post = self._first_ready()
            try:
                return post.worker.result(post.worker.submit(task, *arguments))
            except WorkerDiedError:
                self._bury(place, Work(()))
        raise EngineError(f"{ATTEMPTS} workers died, one after another, of the same question. {_WANT_OF_MEMORY}")

    def _first_ready(self) -> tuple[int, _Post]:
        while True:
            for place, post in self._posts.items():
                if post.is_ready:
                    return place, post
            self._hire_for(1)
            for _, refusal in self._turn(Work(())):
                assert isinstance(refusal, EngineError)
                raise refusal

    def _results(
        self, found: Iterable[Job], sent: Callable[[Any], Any], task: Callable[..., list[Any]], *arguments: Any
    ) -> Iterator[tuple[int, Any]]:
        work = Work(found)
        try:
            while self._hand_out(work, sent, task, arguments):
                for job, outcome in self._turn(work):
                    if isinstance(outcome, EngineError):
                        raise outcome
                    yield from zip(job.places, outcome, strict=True)
        finally:
            for post in self._posts.values():
                post.in_hand.clear()
        if work.doomed:
            raise EngineError(_said_of_doomed([item for job in work.doomed for item in job.items]))

    def _hand_out(
        self, work: Work, sent: Callable[[Any], Any], task: Callable[..., list[Any]], arguments: tuple[Any, ...]
    ) -> bool:
        """Give jobs to those who have none, and another to those who have one; whether anything is to be waited for.

        Who has a job waiting does not wait for the driver; the last jobs are kept for whoever is free first.
        """
        while waiting := work.waiting(self._size):
            post = min((post for post in self._posts.values() if post.is_ready), key=_load, default=None)
            if post is None or _load(post) > 1 or (_load(post) == 1 and waiting < self._size):
                break
            job = work.take()
            items = [sent(item) for item in job.items]
            post.in_hand[post.worker.submit(task, items, *arguments)] = job
        self._hire_for(waiting)
        return waiting > 0 or any(post.in_hand for post in self._posts.values())

    def _hire_for(self, waiting: int) -> None:
        """Have as many workers on their way as there are jobs waiting, within the places there are."""
        coming = sum(not post.is_ready for post in self._posts.values())
        free = [place for place in range(self._size) if place not in self._posts]
        for place in free[: max(0, waiting - coming)]:
            worker = self._hire(place)
            self._posts[place] = _Post(worker, worker.arrival(), worker.submit(tasks.facts))

    def _turn(self, work: Work) -> list[Outcome]:
        """Wait until something happens; results come first, then what a network refused."""
        pending = [future for post in self._posts.values() for future in post.pending()]
        anyone = any(post.is_there() for post in self._posts.values())
        if not wait(pending, None if anyone else PATIENCE_S, return_when=FIRST_COMPLETED).done:
            raise EngineError(
                f"No worker came within {PATIENCE_S:g} s; see that the cluster has free processors (or GPUs, with "
                "--device cuda), and run the same command again."
            )
        outcomes: list[Outcome] = []
        for place, post in list(self._posts.items()):
            try:
                for outcome in _gathered(post) if post.is_ready else self._welcomed(post):
                    outcomes.append(outcome)
            except WorkerDiedError:
                self._bury(place, work)
        if self._died_unready >= ATTEMPTS:
            dead = f"{ATTEMPTS} workers died, one after another, before they were ready. {_WANT_OF_MEMORY}"
            outcomes.append((_NO_JOB, EngineError(dead)))
        return sorted(outcomes, key=lambda outcome: isinstance(outcome[1], EngineError))

    def _welcomed(self, post: _Post) -> Iterator[Outcome]:
        """Let a newcomer work if its network is the one that the others have."""
        if not post.arrival.done():
            return
        where = post.worker.result(post.arrival)
        if not post.facts.done():
            return
        try:
            facts = post.worker.result(post.facts)
            self._known = self._known or (where, facts)
            _check_same(where, facts, *self._known)
        except EngineError as refusal:
            yield _NO_JOB, refusal
        else:
            post.is_ready = True
            self._died_unready = 0

    def _bury(self, place: int, work: Work) -> None:
        """Take a dead worker's jobs back: it died in the oldest, and had not begun the others."""
        post = self._posts.pop(place)
        post.worker.end()
        self._died_unready += not post.is_ready
        held = list(post.in_hand.values())
        work.give_back(held[1:])
        if held:
            work.blame(held[0])


def _load(post: _Post) -> int:
    return len(post.in_hand)


def _gathered(post: _Post) -> Iterator[Outcome]:
    """What the worker has finished. It does one job after another, so the first that is not done ends the list."""
    for future, job in list(post.in_hand.items()):
        if not future.done():
            return
        outcome: list[Any] | EngineError
        try:
            outcome = post.worker.result(future)
        except EngineError as refusal:
            outcome = refusal
        del post.in_hand[future]
        yield job, outcome


def _check_same(where: str, facts: NetworkFacts, there: str, known: NetworkFacts) -> None:
    """Refuse a worker that would make other images than the rest, or images that the records would not describe."""
    mine, theirs = ({**asdict(one), **one.made_with} for one in (facts, known))
    for name in ("weights_sha256", "device", *known.made_with):
        if mine.get(name) != theirs[name]:
            raise EngineError(
                f"Workers differ in {name}: {mine.get(name)} on {where}, {theirs[name]} on {there}; install the same "
                "on both, or compute without one of them, and run the same command again."
            )


def _said_of_doomed(items: Sequence[Any]) -> str:
    more = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
    names = ", ".join(_name(item) for item in items[:_NAMED]) + more
    return (
        f"{ATTEMPTS} workers died of each of these, one after another: {names}. All others are done. {_WANT_OF_MEMORY}"
    )


def _name(item: Any) -> str:
    if isinstance(item, Order):
        image = f" on {item.image.name}" if isinstance(item.image, Path) else ""
        return f"`{item.feature}`{image} with seed {item.seed}"
    return f"the {len(item)} images from {item[0]}" if isinstance(item[0], Path) else f"a batch of {len(item)} images"

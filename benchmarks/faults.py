"""Ten thousand answers through a network that does everything wrong, while servers die and the database restarts.

``python -m benchmarks.faults [--people 560] [--seed 1]``. Gunicorn, a PostgreSQL of its own and the proxy run on this
machine; participants send as outbox.js does, with a hundredth of its pauses. Every ten seconds one thing more happens:
all web processes are killed with SIGKILL, the database is shut down, or it crashes. The last line is one JSON object.
"""

import argparse
import asyncio
import itertools
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.studyapp.lossy_proxy import LossyProxy
from tests.studyapp.outbox import Answer, deliver_all
from tests.studyapp.own_database import OwnDatabase
from tests.studyapp.served import ServedSite, gunicorn

MAIN_TRIALS = 18
AT_ONCE = 150
EVERY_S = 10


async def _harm(site: ServedSite, database: OwnDatabase, done: Counter[str]) -> None:
    """Do the next harm of three every ten seconds, and mend it; ends when it is cancelled between two."""
    for harm in itertools.cycle(("site killed", "database stopped", "database crashed")):
        await asyncio.sleep(EVERY_S)
        await asyncio.shield(asyncio.to_thread(_once, harm, site, database))
        done[harm] += 1


def _once(harm: str, site: ServedSite, database: OwnDatabase) -> None:
    if harm == "site killed":
        site.kill()
        site.start()
    else:
        (database.stop if harm == "database stopped" else database.crash)()
        time.sleep(1)
        database.start()


async def _run(
    people: list[Any], proxy: LossyProxy, site: ServedSite, database: OwnDatabase, done: Counter[str]
) -> None:
    async with proxy as port:
        harming = asyncio.create_task(_harm(site, database, done))
        waiting = iter(people)
        await asyncio.gather(*(_chair(waiting, port) for _ in range(AT_ONCE)))
        harming.cancel()
        await asyncio.gather(harming, return_exceptions=True)


async def _chair(waiting: Iterable[Any], port: int) -> None:
    """One after another of those who wait takes part here."""
    for person in waiting:
        await deliver_all([person], port, within_s=3600)


def figures(answers: list[Answer], rows: list[tuple[str, str, str]]) -> dict[str, Any]:
    """What the browsers believe against what the database holds."""
    stored = Counter(trial for trial, _, _ in rows)
    given = {answer.trial: (answer.client_id, answer.choice) for answer in answers}
    return {
        "answers": len(answers),
        "stored": len(rows),
        "lost": sum(1 for answer in answers if answer.trial not in stored),
        "duplicated": sum(count - 1 for count in stored.values()),
        "altered": sum(1 for trial, client_id, choice in rows if given.get(trial) != (client_id, choice)),
        "refused": sum(1 for answer in answers if answer.acknowledged != "stored"),
        "requests": sum(answer.sent for answer in answers),
    }


def main() -> None:
    """Harm, count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=560, help=f"each answers {MAIN_TRIALS} main trials")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="quiddity-faults-") as name, OwnDatabase() as database:
        folder = Path(name)
        people = database.people(options.people, MAIN_TRIALS, folder / "data")
        print(f"{len(people)} people are at their first main trial", flush=True)
        log, done = folder / "gunicorn.log", Counter[str]()
        with gunicorn("studyapp.wsgi:application", database_url=database.url, data=folder / "data", log=log) as site:
            proxy = LossyProxy(port=site.port, seed=options.seed)
            start = time.perf_counter()
            asyncio.run(_run(people, proxy, site, database, done))
            seconds = time.perf_counter() - start
        answers = [answer for person in people for answer in person.answers]
        counted = figures(answers, database.main_answers())
    print("the network:", dict(proxy.did))
    print("besides:", dict(done))
    print(json.dumps(counted | {"seconds": round(seconds, 1), "harms": sum(done.values()), "faults": proxy.faults}))


if __name__ == "__main__":
    main()

"""Which tasks there are. A module of this package that registers one is found by itself: a task is one file."""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache

from stimuli.protocol import Protocol
from studyapp import tasks
from studyapp.models import Trial
from studyapp.tasks.task import Task

_registered: dict[str, Task] = {}


def register(task: Task) -> None:
    """Make a task known under its name."""
    _registered[task.name] = task


def task_named(name: str) -> Task:
    """The task of this name.

    Raises:
        KeyError: there is none.
    """
    _find_all()
    return _registered[name]


def all_names() -> list[str]:
    """The names of all tasks, sorted."""
    _find_all()
    return sorted(_registered)


def task_of(trial: Trial) -> Task:
    """The task of a trial."""
    return task_named(trial.task)


def unknown_task(protocol: Protocol) -> Iterator[str]:
    """What is wrong with a protocol whose task is not there."""
    name, known = protocol.trials.task, all_names()
    if name not in known:
        yield f"`trials.task`: there is no task {name!r}; the tasks are {', '.join(known)}."


@cache
def _find_all() -> None:
    for module in pkgutil.iter_modules(tasks.__path__):
        importlib.import_module(f"{tasks.__name__}.{module.name}")

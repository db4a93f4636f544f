"""The border to the triggers that keep frozen sets as they are: what they refuse, and the one way past them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, connection, transaction

from stimuli.models import FrozenSet

# The SQLSTATE of the triggers' refusals: restrict_violation.
REFUSED = "23001"
_SET = "quiddity.open_set"
_STUDY = "quiddity.open_study"


class FrozenError(ValueError):
    """A change was asked of what belongs to a frozen set; the message says of what, in one sentence."""


@contextmanager
def refusals() -> Iterator[None]:
    """For a block that may meet a frozen row: the database's refusal becomes an exception with its sentence.

    Raises:
        FrozenError: a change was refused. The transaction is broken then, unless the block had a savepoint of its own.
    """
    try:
        yield
    except IntegrityError as error:
        cause = error.__cause__
        if getattr(cause, "pgcode", None) != REFUSED:
            raise
        raise FrozenError(cause.diag.message_primary) from error  # type: ignore[union-attr]


@contextmanager
def opened(frozen: FrozenSet) -> Iterator[None]:
    """Let the members of this set be written, and the set deleted, inside the block, which must be in a transaction."""
    with _naming(_SET, frozen.pk):
        yield


@contextmanager
def study_opened(pk: int) -> Iterator[None]:
    """Let the rows of this study, which is being made, be written inside the block."""
    with _naming(_STUDY, pk):
        yield


@contextmanager
def _naming(setting: str, pk: int) -> Iterator[None]:
    with transaction.atomic():
        _set(setting, str(pk))
        yield
        _set(setting, "")


def _set(setting: str, value: str) -> None:
    """Until the end of the transaction, so that no other use of the connection inherits it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [setting, value])

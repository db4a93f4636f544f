"""Which failures of the database are told as an outage, and which stay failures of ours."""

import psycopg2
import psycopg2.errors
import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, ProgrammingError
from django.http import HttpResponse
from django.test import RequestFactory

from studyapp.outage import OutageMiddleware


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def told(error: Exception) -> HttpResponse | None:
    middleware = OutageMiddleware(lambda request: HttpResponse())
    return middleware.process_exception(RequestFactory().get("/"), error)


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("connection refused"),
        InterfaceError("connection already closed"),
        # As psycopg2 has it where the server goes in mid-statement.
        caused(DatabaseError("server closed the connection unexpectedly"), psycopg2.DatabaseError("server closed")),
    ],
)
def test_a_lost_connection_is_an_outage(error: Exception) -> None:
    reply = told(error)
    assert reply is not None
    assert (reply.status_code, reply["Retry-After"]) == (503, "5")


@pytest.mark.parametrize(
    "error",
    [
        caused(ProgrammingError("no such column"), psycopg2.errors.UndefinedColumn("no such column")),
        ProgrammingError("a query in a broken transaction"),
        ValueError("ours"),
    ],
)
def test_a_mistake_of_ours_is_none(error: Exception) -> None:
    assert told(error) is None

"""A server that went away while a connection rested: seen by the question itself, which is asked again."""

import psycopg
import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from couches.prepared import fetch_row

pytestmark = pytest.mark.usefixtures("committed")


def test_a_connection_cut_while_it_rested_is_opened_again_without_being_asked_first() -> None:
    _rest()
    _cut()
    assert fetch_row(connection, "SELECT %(n)s::int", {"n": 4}) == (4,)
    with CaptureQueriesContext(connection) as seen, connection.cursor() as cursor:
        cursor.execute("SELECT 5")
    assert len(seen) == 1, "it has answered: Django need not ask whether it lives"


def test_a_question_is_never_asked_twice_of_a_connection_that_was_alive() -> None:
    """Cut in the midst of a request, or of a transaction, what came before is lost: the error is said."""
    connection.ensure_connection()
    _cut()
    with pytest.raises(OperationalError):
        fetch_row(connection, "SELECT 1", {})
    connection.close()
    connection.ensure_connection()
    connection.set_autocommit(False)
    connection.in_atomic_block = True
    _rest()
    _cut()
    with pytest.raises(OperationalError):
        fetch_row(connection, "SELECT 1", {})
    connection.in_atomic_block = False


def _rest() -> None:
    """Leave the connection as a new request finds it."""
    connection.ensure_connection()
    connection.health_check_enabled, connection.health_check_done = True, False


def _cut() -> None:
    """End the session of the connection, as a restarted server does."""
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])

"""A post office on loopback that really speaks SMTP, and committed data for tests with several processes."""

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import Message
from email.policy import default as modern
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from asgiref.sync import sync_to_async
from django.db import connection
from pytest_django import DjangoDbBlocker
from pytest_django import Settings as SettingsWrapper

from comptes.models import Notification, User
from tests.database import program_environment

ROOT = Path(__file__).resolve().parents[2]


class PostOffice:
    """Keeps what it receives; may refuse an address, or hold the letter before it says it has it."""

    def __init__(self) -> None:
        self.letters: list[Message] = []
        self.refused: dict[str, str] = {}
        self.holding = False
        self.received = threading.Event()
        self.go_on = threading.Event()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_RCPT(  # the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept, or answer what was prepared for this address."""
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the letter, then say so, at once or when told to go on."""
        content = envelope.content
        assert isinstance(content, bytes)
        self.letters.append(message_from_bytes(content, policy=modern))
        self.received.set()
        if self.holding:
            await sync_to_async(self.go_on.wait, thread_sensitive=False)(60)
        return "250 OK"

    def open(self) -> None:
        """Start to listen."""
        self._controller.start()

    def close(self) -> None:
        """Stop, letting go of who was held."""
        self.go_on.set()
        if self._controller.server is not None:
            self._controller.stop()

    @property
    def message_ids(self) -> list[str]:
        """Message-ID of each letter received, in order."""
        return [letter["Message-ID"] for letter in self.letters]


@pytest.fixture
def post_office(settings: SettingsWrapper) -> Iterator[PostOffice]:
    """A server that answers, and Django told to use it."""
    office = PostOffice()
    office.open()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", office.port
    yield office
    office.close()


@pytest.fixture
def transactional_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """What the test writes is seen by other processes; it is taken away afterwards, and nothing else.

    pytest-django's own empties every table, the couches that a migration sowed included.
    """
    with django_db_blocker.unblock():
        _clear()
        yield
        _clear()
        connection.close()


def _clear() -> None:
    assert connection.settings_dict["NAME"].startswith("test_")
    Notification.objects.all().delete()
    User.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_periodic_defers")
        cursor.execute("DELETE FROM procrastinate_jobs")
        cursor.execute("DELETE FROM procrastinate_workers")


@pytest.fixture
def worker(
    transactional_db: None, post_office: PostOffice
) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start real workers on the test database and its post office; those left are killed at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        environment = program_environment(
            REPERES_PROCESS="worker", EMAIL_HOST="127.0.0.1", EMAIL_PORT=str(post_office.port)
        )
        process = subprocess.Popen(
            [sys.executable, "manage.py", "procrastinate", "worker", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()

"""A worker killed in the middle of a file: another takes it up, nothing is lost nor doubled."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from comptes.models import User
from contributions.imports import desk
from contributions.models import Contribution, Import
from couches.models import Couche
from territoires.models import Commune
from tests import factories
from tests.database import program_environment
from tests.moderation.factories import moderator

ROOT = Path(__file__).resolve().parents[2]
ROWS = 400
# Batches of ten: killed while there is much left to do.
PROGRAM = """
import sys, uuid, django; django.setup()
from contributions.imports import desk, run
run.BATCH = 10
desk.work(uuid.UUID(sys.argv[1]))
"""


@pytest.fixture
def db(committed: None) -> None:
    """What the fixtures write is committed: another process must see it."""


@pytest.fixture
def sent(db: None, media: Path) -> Import:
    """A file of the mayor's, about to be proposed."""
    commune: Commune = factories.CommuneFactory()
    mayor: User = moderator("maire@aurillac.demo", "Mme Maire", commune=commune)
    lines = [f"Lieu {rank};cafe;{2.40 + rank / 10_000:.4f};44.93" for rank in range(ROWS)]
    content = "\n".join(["nom;kind;longitude;latitude", *lines, ""]).encode()
    row = desk.receive(
        couche=Couche.objects.get(slug="services"), upload=SimpleUploadedFile("l.csv", content), by=mayor
    )
    desk.ask_trial(row)
    desk.work(row.pk)
    row.refresh_from_db()
    desk.ask_run(row)
    return row


def worker(row: Import, media: Path) -> "subprocess.Popen[bytes]":
    """Start a process that does the job, as a worker does."""
    environment = program_environment(
        REPERES_PROCESS="worker", REPERES_MEDIA=str(media), PYTHONPATH=str(ROOT)
    )
    return subprocess.Popen([sys.executable, "-c", PROGRAM, str(row.pk)], env=environment, cwd=ROOT)


def test_a_file_begun_and_killed_is_proposed_once(sent: Import, media: Path) -> None:
    process = worker(sent, media)
    deadline = time.monotonic() + 60
    try:
        while not Contribution.objects.exists():
            assert process.poll() is None and time.monotonic() < deadline, "it never began"
            time.sleep(0.005)
    finally:
        process.kill()
        process.wait(timeout=20)
    begun = Contribution.objects.count()
    sent.refresh_from_db()
    assert 0 < begun < ROWS and sent.state == "running"
    again = worker(sent, media)
    assert again.wait(timeout=120) == 0
    sent.refresh_from_db()
    assert sent.state == "done" and Contribution.objects.count() == ROWS
    assert sent.counts["create"] + sent.counts["known"] == ROWS and sent.counts["known"] >= begun

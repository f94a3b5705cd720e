"""/moderation/publication/: the steward publishes and goes back; nobody else."""

import datetime as dt
from collections.abc import Callable

from django.test import Client

from comptes.models import User
from territoires.models import Commune
from tests.moderation.factories import about, accepted, decide, published, versions

PageAs = Callable[[User], Client]
PAGE = "/moderation/publication/"


def test_only_stewards(aurillac: Commune, bruno: User, page_as: PageAs) -> None:
    """403, said in French."""
    row = accepted(aurillac, bruno)
    client = page_as(bruno)
    assert client.get(PAGE).status_code == 403
    assert client.post(f"{PAGE}zones-blanches/").status_code == 403
    assert client.post(f"{PAGE}zones-blanches/1/retablir/").status_code == 403
    assert versions(row.couche) == []


def test_publish_then_go_back(aurillac: Commune, bruno: User, sophie: User, page_as: PageAs) -> None:
    """Counts, versions, buttons; a second click finds nothing new."""
    row = published(aurillac, bruno)
    accepted(aurillac, bruno, at=(2.45, 44.93))
    client = page_as(sophie)
    page = client.get(PAGE)
    assert "1 signalement accepté attend" in page.content.decode() and "no-store" in page["Cache-Control"]
    done = client.post(f"{PAGE}zones-blanches/", {"note": "Juin"}, follow=True).content.decode()
    assert "version 2 publiée, 2 objets" in done and "Juin" in done
    again = client.post(f"{PAGE}zones-blanches/", {}, follow=True).content.decode()
    assert "rien de nouveau" in again
    back = client.post(f"{PAGE}zones-blanches/1/retablir/", follow=True).content.decode()
    assert "version 3 publiée, 1 objets" in back
    same = client.post(f"{PAGE}zones-blanches/3/retablir/", follow=True).content.decode()
    assert "en vigueur" in same and versions(row.couche) == [1, 2, 3]


def test_what_does_not_exist(sophie: User, page_as: PageAs) -> None:
    """404."""
    client = page_as(sophie)
    for path in (
        "licornes/",
        "licornes/1/retablir/",
        "zones-blanches/9/retablir/",
        f"zones-blanches/{10**30}/retablir/",
    ):
        assert client.post(f"{PAGE}{path}").status_code == 404


def test_a_bad_note_is_kept_and_told(sophie: User, page_as: PageAs) -> None:
    """422 at its field."""
    answer = page_as(sophie).post(f"{PAGE}zones-blanches/", {"note": "x" * 501})
    assert answer.status_code == 422 and 'aria-invalid="true"' in answer.content.decode()


def test_what_cannot_be_published_is_told(
    aurillac: Commune, bruno: User, sophie: User, page_as: PageAs
) -> None:
    """A correction of an object withdrawn before it."""
    root = published(aurillac, bruno)
    start = dt.datetime(2026, 6, 2, tzinfo=dt.UTC)
    for row in (
        about(root, "delete", received_at=start),
        about(root, "update", received_at=start + dt.timedelta(days=1)),
    ):
        decide(row, "accept", bruno)
    client = page_as(sophie)
    client.post(f"{PAGE}zones-blanches/")
    assert "objet qui n'est plus publié" in client.get(PAGE).content.decode()

"""/communes/{code}/decisions.atom: read by a parser, as a feed reader would (RFC 4287, RFC 5005)."""

import datetime as dt
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest
from django.test import Client
from django.utils import timezone

from comptes.models import User
from couches.models import Couche
from moderation.models import Decision, Redaction
from territoires.models import Commune
from tests.moderation.factories import report
from tests.moderation.register_cast import FEED, PAGE, days_ago, decided

pytestmark = pytest.mark.django_db
A = "{http://www.w3.org/2005/Atom}"


def read(client: Client, address: str = FEED) -> Element:
    """Return the feed's root, once it holds what RFC 4287 demands."""
    answer = client.get(address)
    assert answer.status_code == 200 and answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    root: Element = fromstring(answer.content)  # noqa: S314  # our own feed
    assert root.tag == f"{A}feed" and root.get("{http://www.w3.org/XML/1998/namespace}lang") == "fr"
    for parent in [root, *root.iter(f"{A}entry")]:
        for name in ("id", "title", "updated"):
            assert len(parent.findall(f"{A}{name}")) == 1 and parent.findtext(f"{A}{name}"), name
        moment = dt.datetime.fromisoformat(parent.findtext(f"{A}updated") or "")
        assert moment.tzinfo is not None
    assert root.findtext(f"{A}author/{A}name")
    assert links(root)["self"]
    for entry in root.iter(f"{A}entry"):
        assert links(entry)["alternate"] and entry.findtext(f"{A}summary")
    return root


def links(parent: Element) -> dict[str, str]:
    """Return {rel: address}."""
    return {str(link.get("rel")): str(link.get("href")) for link in parent.findall(f"{A}link")}


def ids(root: Element) -> list[str]:
    """Return the identifiers of the entries."""
    return [str(entry.findtext(f"{A}id")) for entry in root.iter(f"{A}entry")]


def path(address: str) -> str:
    """Return an address without its host."""
    return address[address.index("/communes/") :]


def test_each_decision_is_an_entry_under_a_name_it_keeps(
    client: Client, aurillac: Commune, bruno: User
) -> None:
    decided(aurillac, "reject", bruno, public_reason="Un pylône <b>est prévu</b> & financé.")
    root = read(client)
    (entry,) = root.iter(f"{A}entry")
    assert ids(root)[0].startswith("tag:") and ids(root) == ids(read(client))
    assert "Refusée par la mairie, le jour même." in str(entry.findtext(f"{A}summary"))
    assert "Un pylône <b>est prévu</b> & financé." in str(entry.findtext(f"{A}summary"))
    assert entry.find(f"{A}category").get("term") == "zones-blanches"  # type: ignore[union-attr]  # it is there
    page = client.get(path(links(entry)["alternate"]).partition("#")[0]).content.decode()
    assert f'id="{links(entry)["alternate"].partition("#")[2]}"' in page


def test_an_empty_feed_is_a_feed(client: Client, aurillac: Commune) -> None:
    assert ids(read(client)) == []


def test_pages_follow_one_another(client: Client, aurillac: Commune, bruno: User) -> None:
    with days_ago(1):
        Decision.objects.bulk_create(_refusals(aurillac, bruno, 60))
    first = read(client)
    second = read(client, path(links(first)["next"]))
    assert (len(ids(first)), len(ids(second))) == (50, 10)
    assert not set(ids(first)) & set(ids(second))
    assert "next" not in links(second) and path(links(second)["first"]) == FEED


def _refusals(commune: Commune, by: User, count: int) -> list[Decision]:
    at = timezone.now()
    made: dict[str, Any] = {
        "actor": "official", "action": "reject", "from_status": "SUBMITTED", "to_status": "REJECTED",
        "version": 2, "by": by, "at": at, "commune": commune, "reason_code": "autre", "public_reason": "Non.",
    }  # fmt: skip
    return [Decision(contribution=report(commune), **made) for _ in range(count)]


def test_a_couche_has_its_own_feed(client: Client, aurillac: Commune, bruno: User) -> None:
    decided(aurillac, "reject", bruno, couche=Couche.objects.get(slug="services"))
    decided(aurillac, "reject", bruno)
    root = read(client, f"{FEED}?couche=services")
    assert len(ids(root)) == 1 and root.findtext(f"{A}id") != read(client).findtext(f"{A}id")
    assert f'href="{FEED}?couche=services"' in client.get(f"{PAGE}?couche=services").content.decode()


def test_a_reason_taken_out_marks_its_entry_as_changed(
    client: Client, aurillac: Commune, bruno: User
) -> None:
    """Readers fetch again what they kept."""
    decision = decided(aurillac, "reject", bruno, public_reason="Madame Canari.")
    before = read(client)
    Redaction.objects.create(decision=decision, by=bruno, at=timezone.now(), why="personal")
    after = read(client)
    assert ids(before) == ids(after)
    assert str(after.findtext(f"{A}updated")) > str(before.findtext(f"{A}updated"))


def test_what_xml_cannot_hold_breaks_no_feed(client: Client, aurillac: Commune, bruno: User) -> None:
    Commune.objects.filter(pk="15014").update(nom="Auri\x07llac\ufffe")
    decided(aurillac, "reject", bruno, public_reason="]]> \U0001f600 &amp; <![CDATA[")
    assert read(client).findtext(f"{A}author/{A}name") == "Aurillac"

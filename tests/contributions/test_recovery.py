"""Links sent again by e-mail: to who left the address, and nobody else learns anything."""

import datetime as dt
import json
import re
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from comptes.models import Notification
from comptes.notifications import send_due
from contributions.contact import email_sha256
from contributions.follow_up import find_for_author
from contributions.jobs import forget, write_follow_up_links
from contributions.models import Contact, Contribution, FollowUpKey
from contributions.recovery import write_links
from territoires.models import Commune
from tests.comptes.conftest import PostOffice, post_office
from tests.factories import SECRET, ContributionFactory

pytestmark = pytest.mark.django_db
__all__ = ["post_office"]
AMEL = "amel@exemple.fr"
PATH, PAGE = "/api/v1/suivi/retrouver/", "/suivi/retrouver/"
LINK = re.compile(r"/suivi/#([0-9a-f-]{36})\.([A-Za-z0-9_-]{22,128})")


def left(email: str = AMEL, days: int = 100, **fields: Any) -> Contribution:
    """Return a report whose author left an address."""
    row: Contribution = ContributionFactory(**fields)
    until = timezone.localdate() + dt.timedelta(days=days)
    Contact.objects.create(
        contribution=row, email=email, email_sha256=email_sha256(email), delete_after=until
    )
    return row


def jobs() -> list[dict[str, Any]]:
    """Return the arguments of the letters asked for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT args FROM procrastinate_jobs WHERE task_name = 'contributions.write_follow_up_links'"
        )
        return [json.loads(args) if isinstance(args, str) else args for (args,) in cursor.fetchall()]


def run_jobs() -> None:
    """Do what the worker would."""
    for arguments in jobs():
        write_follow_up_links(**arguments)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


def ask(api: APIClient, email: object = AMEL) -> Any:
    """Ask for one's links."""
    return api.post(PATH, {"email": email}, format="json")


def links(office: PostOffice) -> list[tuple[str, str]]:
    """Return (id, secret) of each link of the last letter received."""
    payload = office.letters[-1].get_payload(decode=True)
    assert isinstance(payload, bytes)
    return LINK.findall(payload.decode())


def test_the_letter_lists_the_links_latest_first(
    aurillac: Commune, api: APIClient, post_office: PostOffice
) -> None:
    old = left(received_at=timezone.now() - dt.timedelta(days=3))
    recent = left(email="Amel@Exemple.FR", received_at=timezone.now() - dt.timedelta(days=1))
    left(email="autre@exemple.fr")
    assert ask(api, "  AMEL@exemple.fr ").status_code == 202
    run_jobs()
    assert send_due() == 1
    (letter,) = post_office.letters
    assert str(letter["Subject"]).strip() == "Vos liens de suivi" and letter["To"] == "Amel@Exemple.FR"
    assert [one for one, _secret in links(post_office)] == [str(recent.pk), str(old.pk)]
    body = letter.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert "zones blanches" in body and "Aurillac" in body
    assert Notification.objects.get().context == {}, "the outbox forgets the secrets"


def test_each_link_opens_its_own_report_beside_the_device_s_secret(
    aurillac: Commune, api: APIClient, post_office: PostOffice
) -> None:
    first, second = left(), left()
    ask(api)
    run_jobs()
    send_due()
    opened = dict(links(post_office))
    for row in (first, second):
        answer = api.get(f"/api/v1/contributions/{row.pk}/suivi/", headers={"X-Suivi": opened[str(row.pk)]})
        assert answer.status_code == 200
        assert find_for_author(row.pk, SECRET) == row, "the device's own still opens"
    with pytest.raises(Contribution.DoesNotExist):
        find_for_author(first.pk, opened[str(second.pk)])
    assert opened[str(first.pk)] not in str(list(FollowUpKey.objects.values_list())), "no secret in clear"
    withdrawn = api.post(
        f"/api/v1/contributions/{first.pk}/retrait/", headers={"X-Suivi": opened[str(first.pk)]}
    )
    assert withdrawn.status_code == 200


def test_finding_ones_report_is_one_query(aurillac: Commune) -> None:
    row = left()
    for rank in range(20):
        write_links(email_sha256=email_sha256(AMEL), request_id=str(rank))
    with CaptureQueriesContext(connection) as queries:
        find_for_author(row.pk, SECRET)
    assert len(queries) == 1


@time_machine.travel("2026-11-02T10:00:00Z", tick=False)
def test_the_answer_reveals_nothing(aurillac: Commune, api: APIClient, client: Client) -> None:
    """Byte-equal bodies and headers, the same queries, for an address known, unknown, or expired."""
    left()
    left(email="echue@exemple.fr", days=-1)
    told, pages, costs = set(), set(), set()
    for email in (AMEL, "inconnue@exemple.fr", "echue@exemple.fr"):
        with CaptureQueriesContext(connection) as queries:
            answer = ask(api, email)
        assert answer.status_code == 202 and "no-store" in answer["Cache-Control"] and not answer.cookies
        told.add((answer.content, str(sorted(answer.items()))))
        costs.add(tuple(re.sub(r"(?s)'.*'|s[0-9]+_x[0-9]+", "", query["sql"]) for query in queries))
        page = client.post(PAGE, {"email": email})
        assert page.status_code == 200 and "no-store" in page["Cache-Control"] and not page.cookies
        pages.add(page.content)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs")
    assert (len(told), len(pages), len(costs)) == (1, 1, 1)
    sentence = json.loads(next(iter(told))[0])["detail"]
    assert sentence in next(iter(pages)).decode().replace("&#x27;", "'")


def test_nobody_unknown_is_written_to(aurillac: Commune, api: APIClient) -> None:
    left(email="echue@exemple.fr", days=-1)
    for email in ("inconnue@exemple.fr", "echue@exemple.fr"):
        ask(api, email)
    run_jobs()
    assert not Notification.objects.exists() and not FollowUpKey.objects.exists()


def test_the_queue_holds_no_address(aurillac: Commune, api: APIClient) -> None:
    ask(api)
    ask(api)
    (waiting,) = jobs()
    assert "amel" not in str(waiting).lower()


def test_three_letters_a_day_and_no_key_without_a_letter(aurillac: Commune, api: APIClient) -> None:
    left()
    for _ in range(5):
        ask(api)
        run_jobs()
    assert Notification.objects.count() == 3 and FollowUpKey.objects.count() == 3


def test_a_job_done_twice_writes_once(aurillac: Commune) -> None:
    left()
    for _ in range(2):
        write_follow_up_links(email_sha256=email_sha256(AMEL), request_id="7")
    assert Notification.objects.count() == 1 and FollowUpKey.objects.count() == 1


def test_ten_links_at_most(aurillac: Commune) -> None:
    for _ in range(12):
        left()
    assert write_links(email_sha256=email_sha256(AMEL), request_id="7") == 10


def test_a_key_goes_with_the_contact(aurillac: Commune, post_office: PostOffice) -> None:
    """Opens nothing from the day its contact is gone or expired, and is deleted that night."""
    row, other = left(days=10), left(days=30)
    write_links(email_sha256=email_sha256(AMEL), request_id="7")
    send_due()
    opened = dict(links(post_office))
    with time_machine.travel(timezone.now() + dt.timedelta(days=11)):
        with pytest.raises(Contribution.DoesNotExist):
            find_for_author(row.pk, opened[str(row.pk)])
        assert find_for_author(other.pk, opened[str(other.pk)]) == other
        forget(timestamp=0)
        assert FollowUpKey.objects.get().contribution == other
        Contact.objects.all().delete()
        with pytest.raises(Contribution.DoesNotExist):
            find_for_author(other.pk, opened[str(other.pk)])
        forget(timestamp=0)
    assert not FollowUpKey.objects.exists() and find_for_author(row.pk, SECRET) == row


@pytest.mark.parametrize(
    "body",
    [{}, [], "x", 3, None, {"email": None}, {"email": ""}, {"email": "amel"}, {"email": 3}, {"email": ["a@b.fr"]},
     {"email": "a" * 300 + "@exemple.fr"}, {"email": "a\x00@exemple.fr"}, {"email": "\ud800@exemple.fr"},
     {"email": "a@exemple.fr\nBcc: b@exemple.fr"}],
)  # fmt: skip
def test_what_is_no_address_is_told(body: Any, api: APIClient) -> None:
    answer = api.post(PATH, json.dumps(body), content_type="application/json")
    assert answer.status_code in {400, 422}, answer.content
    assert not jobs()


@pytest.mark.parametrize("typed", ["", "amel", "a" * 300, "a\x00@exemple.fr", "a@b"])
def test_the_page_says_what_is_wrong(typed: str, client: Client) -> None:
    page = client.post(PAGE, {"email": typed})
    assert page.status_code == 422 and 'id="erreurs"' in page.content.decode() and not page.cookies


def test_another_site_is_refused(api: APIClient, client: Client) -> None:
    headers = {"Origin": "https://ailleurs.exemple"}
    assert api.post(PATH, {"email": AMEL}, format="json", headers=headers).status_code == 403
    assert client.post(PAGE, {"email": AMEL}, headers=headers).status_code == 403
    assert not jobs()


def test_the_follow_up_page_offers_it(client: Client) -> None:
    page = client.get("/suivi/").content.decode()
    assert "Retrouver mes liens par courriel" in page and f'action="{PAGE}#retrouver"' in page

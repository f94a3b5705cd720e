"""/suivi/: one page for everybody; the secret in the body, never in an address; no cookie."""

from typing import Any

import pytest
from django.test import Client

from comptes.models import User
from contributions.models import Contribution
from territoires.models import Commune
from tests.factories import SECRET
from tests.moderation.factories import DEAD_ZONE, about, decide, published, report


def code(row: Contribution) -> str:
    """Return what the author keeps."""
    return f"{row.pk}.{SECRET}"


def send(client: Client, path: str = "/suivi/", **fields: Any) -> Any:
    """POST a form as an anonymous browser."""
    answer = client.post(path, fields)
    assert not answer.cookies and "no-store" in answer["Cache-Control"]
    return answer


def test_the_page_is_the_same_for_everybody(client: Client, bruno: User) -> None:
    """Cacheable, cookie-less, whoever asks."""
    anonymous = client.get("/suivi/")
    client.force_login(bruno, backend="django.contrib.auth.backends.ModelBackend")
    official = client.get("/suivi/")
    assert anonymous.content == official.content and not anonymous.cookies
    assert "public" in anonymous["Cache-Control"] and "Cookie" not in anonymous.get("Vary", "")


@pytest.mark.parametrize("paste", ["{code}", "  {code} ", "https://reperes.exemple/suivi/#{code}", "#{code}"])
def test_a_pasted_code_or_link_opens_the_story(
    paste: str, aurillac: Commune, bruno: User, client: Client
) -> None:
    """Without scripts: shapes, reason, forms."""
    row = report(aurillac)
    decide(row, "return", bruno, public_reason="De quel côté <b>?</b>")
    answer = send(client, code=paste.format(code=code(row)))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "À compléter" in page and "De quel côté &lt;b&gt;?&lt;/b&gt;" in page
    assert "Bruno" not in page and "Envoyer ma réponse" in page


@pytest.mark.parametrize(
    ("typed", "status"),
    [("", 422), ("bonjour", 422), ("x" * 700, 422), (f"00000000-0000-4000-8000-000000000000.{SECRET}", 404),
     (f"{'-' * 36}.{SECRET}", 422), ("a\x00b", 422)],
)  # fmt: skip
def test_a_wrong_code_is_told_kindly(typed: str, status: int, client: Client, db: None) -> None:
    """Incomplete, or opening nothing; for each of the three doors."""
    for path in ("/suivi/", "/suivi/retrait/", "/suivi/reponse/"):
        assert send(client, path, code=typed).status_code == status


def test_another_one_s_secret_opens_nothing(aurillac: Commune, client: Client) -> None:
    """The id alone is not enough."""
    row = report(aurillac)
    assert send(client, "/suivi/retrait/", code=f"{row.pk}.{'z' * 27}").status_code == 404
    row.refresh_from_db()
    assert row.status == "SUBMITTED"


def test_withdrawing(aurillac: Commune, bruno: User, client: Client) -> None:
    """Done, then said again; too late once accepted."""
    row, late = report(aurillac), report(aurillac)
    for _ in range(2):
        assert "est retiré" in send(client, "/suivi/retrait/", code=code(row)).content.decode()
    decide(late, "accept", bruno)
    answer = send(client, "/suivi/retrait/", code=code(late))
    assert answer.status_code == 409 and "Acceptée" in answer.content.decode()


def test_answering_by_the_form(aurillac: Commune, bruno: User, client: Client) -> None:
    """The couche's own questions, filled with what was said, a message and a place."""
    row = report(aurillac)
    decide(row, "return", bruno)
    form = send(client, code=code(row)).context["questions"]
    fields = {
        form.add_prefix(name): value
        for name, value in {**form.initial}.items()
        if value not in (None, "", [])
    }
    answer = send(
        client,
        "/suivi/reponse/",
        code=code(row),
        message="Près du lavoir.",
        lon="2,441",
        lat="44,931",
        **fields,
    )
    assert answer.status_code == 200, answer.content.decode()
    row.refresh_from_db()
    assert row.status == "SUBMITTED" and row.attributes == DEAD_ZONE
    assert row.geom.coords == (2.441, 44.931) and row.decisions.latest("version").reason == "Près du lavoir."


def test_a_bad_answer_keeps_what_was_typed(
    aurillac: Commune, ytrac: Commune, bruno: User, client: Client
) -> None:
    """Questions refused, place refused, place in another commune: 422 each, nothing lost, nothing written."""
    row = about(published(aurillac, bruno), "confirm", attributes={})
    decide(row, "return", bruno)
    moved = send(client, "/suivi/reponse/", code=code(row), message="Là", lon="2,441", lat="44,931")
    assert moved.status_code == 422 and "Là</textarea>" in moved.content.decode()
    whole = report(aurillac)
    decide(whole, "return", bruno)
    form = send(client, code=code(whole)).context["questions"]
    fields = {
        form.add_prefix(name): value for name, value in form.initial.items() if value not in (None, "", [])
    }
    for place in ({"lon": "abc", "lat": "44"}, {"lon": "2,34", "lat": "44,93"}):
        answer = send(client, "/suivi/reponse/", code=code(whole), message="Là", **fields, **place)
        assert answer.status_code == 422 and "Là</textarea>" in answer.content.decode()
    assert send(client, "/suivi/reponse/", code=code(whole), message="Là").status_code == 422
    whole.refresh_from_db()
    assert whole.status == "RETURNED"


def test_nobody_asked(aurillac: Commune, bruno: User, client: Client) -> None:
    """409: it does not wait for an answer."""
    row = about(published(aurillac, bruno), "confirm", attributes={})
    answer = send(client, "/suivi/reponse/", code=code(row), message="Bonjour")
    assert answer.status_code == 409 and "En attente" in answer.content.decode()


@pytest.mark.parametrize("path", ["/suivi/", "/suivi/retrait/", "/suivi/reponse/"])
def test_another_site_s_form_is_refused(path: str, aurillac: Commune, client: Client) -> None:
    """Origin and Sec-Fetch-Site say where it comes from."""
    row = report(aurillac)
    for headers in ({"Origin": "https://ailleurs.exemple"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post(path, {"code": code(row)}, headers=headers).status_code == 403
    row.refresh_from_db()
    assert row.status == "SUBMITTED"

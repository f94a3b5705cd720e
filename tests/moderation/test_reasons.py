"""A territory's own reasons: whose they are, where they count, what they never change."""

import html
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from comptes.models import User
from comptes.roles import Role
from couches.models import Couche
from moderation.local_reasons import (
    AlreadyWorded,
    NotYourReasons,
    add_reason,
    edit_reason,
    lines_of,
    territories_of,
)
from moderation.models import TerritoryReason
from moderation.reasons import REASONS, label_of, local_rows, public_reason, reasons_for
from moderation.refusals import UnknownReason
from territoires.models import Commune, Epci
from tests import factories
from tests.moderation.factories import decide, report

PageAs = Callable[[User], Client]
ApiAs = Callable[[User], APIClient]
PAGE = "/moderation/motifs/"
WORDS = {"label": "Chemin privé", "public_text": "Ce chemin est privé : voyez le propriétaire."}


def own(by: User, territory: Any, **given: Any) -> TerritoryReason:
    """Return a reason of a territory's own, to refuse with."""
    return add_reason(
        **{"by": by, "territory": territory, "couche": None, "actions": ["reject"], **WORDS, **given}
    )


def wording(by: User, territory: Any, code: str, text: str = "", **given: Any) -> TerritoryReason:
    """Return a common reason in a territory's words."""
    return own(by, territory, replaces=code, label="", public_text=text, actions=[], **given)


def codes(commune: Commune, action: str = "reject", couche: str = "zones-blanches") -> list[str]:
    """Return what an official may pick there."""
    return [one.code for one in reasons_for(couche, action, commune)]


def test_a_local_reason_comes_with_the_common_ones_before_other(
    aurillac: Commune, ytrac: Commune, bruno: User
) -> None:
    row = own(bruno, aurillac)
    here = codes(aurillac)
    assert here[-2:] == [row.code, "autre"] and row.code == f"local-{row.pk}"
    assert set(here) - {row.code} == {one.code for one in reasons_for("zones-blanches", "reject")}
    assert row.code not in codes(ytrac) and row.code not in codes(aurillac, "return")


def test_a_reason_of_one_couche_stays_in_it(aurillac: Commune, bruno: User) -> None:
    row = own(bruno, aurillac, couche=Couche.objects.get(slug="services"))
    assert row.code in codes(aurillac, couche="services") and row.code not in codes(aurillac)


def test_the_epci_s_reasons_count_in_each_of_its_communes(
    aurillac: Commune, ytrac: Commune, caba: Epci, driss: User
) -> None:
    row = own(driss, caba)
    assert row.code in codes(aurillac) and row.code in codes(ytrac)
    elsewhere = factories.CommuneFactory(
        code_insee="15001", nom="Allanche", epci=None, geom=factories.square(3, 45)
    )
    assert row.code not in codes(elsewhere)


def test_a_departement_s_reasons_count_too(aurillac: Commune) -> None:
    user = factories.UserFactory()
    factories.MembershipFactory(user=user, role=Role.ADMIN_TERRITORY, departement=aurillac.departement)
    assert own(user, aurillac.departement).code in codes(aurillac)


def test_the_nearest_territory_has_the_last_word(
    aurillac: Commune, ytrac: Commune, caba: Epci, bruno: User, driss: User
) -> None:
    wording(driss, caba, "hors-sujet", "Dit par l'agglomération.")
    wording(bruno, aurillac, "hors-sujet", "Dit par Aurillac.")

    def said(commune: Commune) -> str:
        return public_reason(
            action="reject", couche="services", code="hors-sujet", text="", required=True, commune=commune
        )

    assert said(aurillac) == "Dit par Aurillac." and said(ytrac) == "Dit par l'agglomération."


def test_what_is_said_of_one_couche_wins_within_a_territory(aurillac: Commune, bruno: User) -> None:
    wording(bruno, aurillac, "hors-sujet", "En général.")
    wording(bruno, aurillac, "hors-sujet", "Du réseau.", couche=Couche.objects.get(slug="zones-blanches"))
    texts = {
        couche: next(
            one for one in reasons_for(couche, "reject", aurillac) if one.code == "hors-sujet"
        ).public_text
        for couche in ("services", "zones-blanches")
    }
    assert texts == {"services": "En général.", "zones-blanches": "Du réseau."}


def test_a_hidden_common_reason_is_not_proposed_but_understood(
    aurillac: Commune, ytrac: Commune, bruno: User
) -> None:
    """A program that holds an old list is not broken by what is a matter of taste."""
    wording(bruno, aurillac, "introuvable", hidden=True)
    assert "introuvable" not in codes(aurillac) and "introuvable" in codes(ytrac)
    row = report(aurillac)
    decision = decide(row, "reject", bruno, reason_code="introuvable")
    common = next(one for one in REASONS if one.code == "introuvable")
    assert decision.public_reason == str(common.public_text)


def test_a_local_code_decides_at_home_only(
    aurillac: Commune, ytrac: Commune, bruno: User, chloe: User, driss: User
) -> None:
    row = own(bruno, aurillac)
    assert (
        decide(report(aurillac), "reject", bruno, reason_code=row.code).public_reason == WORDS["public_text"]
    )
    there = report(ytrac, at=(2.34, 44.93))
    for by in (chloe, driss):
        with pytest.raises(UnknownReason):
            decide(there, "reject", by, reason_code=row.code)
    with pytest.raises(UnknownReason):
        decide(report(aurillac), "return", bruno, reason_code=row.code)


@pytest.mark.parametrize(
    "code", ["local-0", "local-01", "local-99999999999999999999", "local-x", "local-", "local-1 ", "LOCAL-1"]
)
def test_an_invented_code_is_unknown(aurillac: Commune, bruno: User, code: str) -> None:
    own(bruno, aurillac)
    with pytest.raises(UnknownReason):
        decide(report(aurillac), "reject", bruno, reason_code=code)


def test_a_decision_taken_keeps_its_text(aurillac: Commune, bruno: User) -> None:
    """Rewritten then disabled: the past does not move, the code keeps its name, nobody may pick it again."""
    row = own(bruno, aurillac)
    decision = decide(report(aurillac), "reject", bruno, reason_code=row.code)
    edit_reason(
        by=bruno,
        reason=row,
        label="Voie privée",
        public_text="Autre chose.",
        actions=["reject"],
        active=False,
    )
    decision.refresh_from_db()
    assert decision.public_reason == WORDS["public_text"]
    assert label_of(row.code) == "Voie privée" and label_of("hors-sujet") == "Hors sujet"
    with pytest.raises(UnknownReason):
        decide(report(aurillac), "reject", bruno, reason_code=row.code)


def test_only_the_territory_s_own_officials_write(
    aurillac: Commune,
    ytrac: Commune,
    caba: Epci,
    bruno: User,
    chloe: User,
    driss: User,
    claude: User,
    sophie: User,
) -> None:
    """Not the neighbour, not the EPCI for a commune, not the mayor for the EPCI, not the clerk."""
    row = own(bruno, aurillac)
    for by in (chloe, driss, claude, sophie):
        with pytest.raises(NotYourReasons):
            own(by, aurillac)
        with pytest.raises(NotYourReasons):
            edit_reason(by=by, reason=row, actions=["reject"], **WORDS)
    with pytest.raises(NotYourReasons):
        own(bruno, caba)
    assert territories_of(claude) == territories_of(sophie) == []


def test_a_territory_says_a_common_reason_once(aurillac: Commune, bruno: User) -> None:
    wording(bruno, aurillac, "hors-sujet", "Une fois.")
    with pytest.raises(AlreadyWorded):
        wording(bruno, aurillac, "hors-sujet", "Deux fois.")


def test_the_database_keeps_reasons_where_they_are(aurillac: Commune, ytrac: Commune, bruno: User) -> None:
    """Neither deleted nor moved, whoever asks."""
    row = own(bruno, aurillac)
    for gesture in (row.delete, lambda: TerritoryReason.objects.filter(pk=row.pk).update(commune=ytrac)):
        with pytest.raises(DatabaseError), transaction.atomic():
            gesture()


def test_many_communes_cost_one_query(aurillac: Commune, ytrac: Commune, bruno: User, chloe: User) -> None:
    own(bruno, aurillac), own(chloe, ytrac)
    with CaptureQueriesContext(connection) as queries:
        rows = local_rows([aurillac, ytrac])
        found = [reasons_for("services", "reject", one, rows=rows) for one in (aurillac, ytrac)]
    assert len(queries) == 1 and found[0] != found[1]


# --- Pages ---------------------------------------------------------------------------------


def text(answer: Any) -> str:
    """Return the page, once it is known that nobody may keep it."""
    assert "no-store" in answer["Cache-Control"]
    return html.unescape(answer.content.decode())


def test_a_mayor_adds_a_reason_after_having_seen_it(aurillac: Commune, bruno: User, page_as: PageAs) -> None:
    """Without scripts: preview, nothing written; then save, and it is in the list."""
    client = page_as(bruno)
    body = {**WORDS, "couche": "zones-blanches", "actions": ["reject"]}
    where = f"{PAGE}nouveau/?territoire=commune:15014"
    seen = text(client.post(where, body | {"geste": "apercu"}))
    assert seen.count(WORDS["public_text"]) >= 3 and "Rien n'est encore enregistré" in seen
    assert "Votre signalement à Aurillac n'est pas retenu" in seen
    assert not TerritoryReason.objects.exists()
    answer = client.post(where, body | {"geste": "enregistrer"})
    assert answer.status_code == 302
    assert WORDS["public_text"] in text(client.get(answer["Location"]))
    assert TerritoryReason.objects.get().created_by == bruno


def test_a_mayor_rewrites_hides_and_proposes_again(aurillac: Commune, bruno: User, page_as: PageAs) -> None:
    client = page_as(bruno)
    where = f"{PAGE}nouveau/?territoire=commune:15014&remplace=hors-sujet"
    assert "Hors sujet" in text(client.get(where))
    client.post(where, {"label": "Hors sujet", "public_text": "Pas ici."})
    row = TerritoryReason.objects.get()
    assert "Dans vos mots" in text(client.get(PAGE))
    client.post(
        f"{PAGE}{row.pk}/", {"label": "Hors sujet", "public_text": "Pas ici.", "hidden": "on", "active": "on"}
    )
    assert "hors-sujet" not in codes(aurillac) and "Masqué" in text(client.get(PAGE))
    client.post(f"{PAGE}{row.pk}/", {"label": "Hors sujet", "public_text": "Pas ici."})
    assert "hors-sujet" in codes(aurillac)
    line = next(one for one in lines_of(aurillac, Couche.objects.get(slug="services")) if one.common)
    assert not line.hidden and not line.reworded
    again = client.post(where, {"label": "Hors sujet", "public_text": "Encore."})
    assert again.status_code == 409 and "Encore." in text(again)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"label": ""}, "Donnez un intitulé"),
        ({"label": "\u200b"}, "Donnez un intitulé"),
        ({"label": "x" * 81}, "80"),
        ({"public_text": ""}, "Écrivez la phrase"),
        ({"public_text": "x" * 1001}, "1000"),
        ({"public_text": "nul\x00"}, "nul"),
        ({"actions": []}, "Cochez au moins un geste"),
        ({"actions": ["publish"]}, "Ce geste n'existe pas"),
        ({"couche": "licornes"}, "Ce sujet n'existe pas"),
        ({"couche": "nul\x00"}, ""),
    ],
)
def test_what_is_refused_is_told_and_nothing_is_lost(
    aurillac: Commune, bruno: User, page_as: PageAs, change: dict[str, Any], told: str
) -> None:
    body = {**WORDS, "couche": "", "actions": ["reject"], **change}
    answer = page_as(bruno).post(f"{PAGE}nouveau/?territoire=commune:15014", body)
    assert answer.status_code == 422 and told in text(answer)
    assert not TerritoryReason.objects.exists()


def test_markup_is_only_text(aurillac: Commune, bruno: User, page_as: PageAs) -> None:
    hostile = "<script>alert(1)</script>{{ settings }}"
    client = page_as(bruno)
    body = {"label": hostile, "public_text": hostile, "actions": ["reject"], "geste": "apercu"}
    for answer in (
        client.post(f"{PAGE}nouveau/", body),
        client.post(f"{PAGE}nouveau/", body | {"geste": ""}),
    ):
        assert b"<script>alert" not in answer.content
    assert b"<script>alert" not in client.get(PAGE).content


def test_chloe_neither_sees_nor_edits_aurillac_s(
    aurillac: Commune, bruno: User, chloe: User, page_as: PageAs
) -> None:
    row, client = own(bruno, aurillac), page_as(chloe)
    assert WORDS["label"] not in text(client.get(PAGE))
    assert client.get(f"{PAGE}?territoire=commune:15014").status_code == 403
    assert (
        client.post(f"{PAGE}nouveau/?territoire=commune:15014", WORDS | {"actions": ["reject"]}).status_code
        == 403
    )
    for answer in (client.get(f"{PAGE}{row.pk}/"), client.post(f"{PAGE}{row.pk}/", WORDS)):
        assert answer.status_code == 404
    row.refresh_from_db()
    assert row.label == WORDS["label"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("?territoire=commune:99999", 404),
        ("?territoire=licorne:1", 404),
        ("?territoire=region:84", 403),
        ("?territoire=%00", 404),
        ("?couche=%00", 200),
        ("nouveau/?remplace=autre", 404),
        ("nouveau/?remplace=%00", 404),
        ("nouveau/?couche=%00", 200),
        (f"{2**63}/", 404),
        ("999999999999999999999999/", 404),
    ],
)
def test_addresses_made_up(bruno: User, page_as: PageAs, path: str, status: int) -> None:
    assert page_as(bruno).get(PAGE + path).status_code == status


# --- API -----------------------------------------------------------------------------------


def test_the_list_of_reasons_by_program(
    aurillac: Commune, ytrac: Commune, bruno: User, chloe: User, api_as: ApiAs
) -> None:
    """With the commune, its own come; another's commune is not told."""
    row = own(bruno, aurillac)
    address = "/api/v1/moderation/motifs/?couche=zones-blanches"

    def found(client: APIClient, more: str = "") -> list[str]:
        return [one["code"] for one in client.get(address + more).json()["results"]]

    mayor = api_as(bruno)
    assert row.code in found(mayor, "&commune=15014") and row.code not in found(mayor)
    for commune in ("15267", "99999"):
        assert mayor.get(f"{address}&commune={commune}").status_code == 404
    assert mayor.get(f"{address}&commune=%00").status_code == 422
    assert row.code not in found(api_as(chloe), "&commune=15267")
    assert mayor.get("/api/v1/moderation/motifs/?commune=15014").status_code == 422

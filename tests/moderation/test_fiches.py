"""/moderation/fiches/…: what a town hall completes goes through the same door as anybody's correction."""

import html
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.datastructures import MultiValueDict

from comptes.models import User
from contributions.models import Contribution
from couches.models import Couche, FeatureVersion
from moderation.completing import FeatureChanged, complete_feature, completion_of, read_changes
from moderation.edits import Edits
from moderation.features import State, kept_by, read_state, states_of, worst_first
from moderation.models import Decision
from moderation.publication import publish_accepted
from moderation.refusals import NothingCompleted
from territoires.models import Commune
from tests.frontend.factories import publish_dead_zone, publish_services
from tests.moderation.factories import decide, report

PageAs = Callable[[User], Client]
PAGE = "/moderation/fiches/"
CAFE = {"kind": "cafe", "nom": "Le Relais", "horaires": "Mo-Sa 08:00-19:00"}
ADDRESS = {"adresse": "3 place du Square", "code_postal": "15000"}


def text(answer: Any) -> str:
    """Return the page, once it is known that nobody may keep it."""
    assert "no-store" in answer["Cache-Control"]
    return html.unescape(answer.content.decode())


@pytest.fixture
def cafe(aurillac: Commune) -> FeatureVersion:
    """A café of Aurillac, published."""
    publish_services(aurillac, "Le Relais")
    return FeatureVersion.objects.get()


def state_of(row: FeatureVersion, user: User) -> State:
    """Return its state as `user` keeps it."""
    found = read_state(row.feature_id, user)
    assert found is not None
    return found


def complete(row: FeatureVersion, by: User, attributes: dict[str, Any], **given: Any) -> Contribution | None:
    """Complete a feature as it stands now."""
    wanted = {"base": state_of(row, by).token, "identifier": uuid.uuid4(), "point": None} | given
    return complete_feature(by=by, feature_id=row.feature_id, attributes=attributes, **wanted)


def form(client: Client, row: FeatureVersion, **typed: str) -> dict[str, str]:
    """Return what the page would send, with `typed` in its fields."""
    page = client.get(f"{PAGE}{row.feature_id}/").content.decode()
    hidden = dict(re.findall(r'name="(base|id)" value="([^"]+)"', page))
    said = {f"a-{name}": value for name, value in {**CAFE, **typed}.items() if name not in ("lon", "lat")}
    return hidden | said | {name: typed[name] for name in ("lon", "lat") if name in typed}


def test_a_completed_feature_is_an_accepted_contribution_of_the_desk(
    cafe: FeatureVersion, bruno: User, page_as: PageAs
) -> None:
    """Nothing is edited: the version in force stays, the next one says it; what was observed does not move."""
    client = page_as(bruno)
    answer = client.post(f"{PAGE}{cafe.feature_id}/", form(client, cafe, **ADDRESS))
    assert answer.status_code == 302
    row = Contribution.objects.get()
    assert (row.operation, row.channel, row.entered_by, row.status) == ("update", "desk", bruno, "ACCEPTED")
    decision = Decision.objects.get()
    assert decision.self_accepted and decision.by == bruno
    cafe.refresh_from_db()
    assert "adresse" not in cafe.attributes and cafe.to_version is None
    assert "attend d'être publiée" in text(client.get(answer["Location"]))
    publish_accepted(couche=row.couche, by=None)
    now = FeatureVersion.objects.current().get()
    assert now.attributes == CAFE | ADDRESS and now.self_accepted
    assert (now.geom, now.last_observed_on, now.accuracy_m) == (
        cafe.geom,
        cafe.last_observed_on,
        cafe.accuracy_m,
    )


def test_a_clerk_prepares_and_the_mayor_decides(cafe: FeatureVersion, claude: User, page_as: PageAs) -> None:
    client = page_as(claude)
    answer = client.post(f"{PAGE}{cafe.feature_id}/", form(client, cafe, **ADDRESS), follow=True)
    assert "doit encore l'accepter" in text(answer)
    assert Contribution.objects.get().status == "SUBMITTED" and not Decision.objects.exists()


def test_sent_twice_it_is_done_once(cafe: FeatureVersion, bruno: User, page_as: PageAs) -> None:
    client = page_as(bruno)
    body = form(client, cafe, **ADDRESS)
    for _ in range(2):
        assert client.post(f"{PAGE}{cafe.feature_id}/", body).status_code == 302
    assert Contribution.objects.count() == 1


def test_a_second_completion_starts_from_the_first(cafe: FeatureVersion, bruno: User, driss: User) -> None:
    """Though nothing is published yet: neither is lost."""
    complete(cafe, bruno, CAFE | ADDRESS)
    state = state_of(cafe, driss)
    assert state.attributes == CAFE | ADDRESS
    complete(cafe, driss, {**state.attributes, "telephone": "04 71 45 46 46"})
    publish_accepted(couche=cafe.couche, by=None)
    assert FeatureVersion.objects.current().get().attributes == CAFE | ADDRESS | {"telephone": "+33471454646"}


def test_two_at_once_the_second_is_told_and_keeps_their_words(
    cafe: FeatureVersion, bruno: User, claude: User, page_as: PageAs
) -> None:
    client = page_as(claude)
    body = form(client, cafe, telephone="04 71 45 46 46")
    complete(cafe, bruno, CAFE | ADDRESS)
    answer = client.post(f"{PAGE}{cafe.feature_id}/", body)
    page = text(answer)
    assert answer.status_code == 412 and "Rien n'est perdu" in page
    assert 'value="+33471454646"' in page or 'value="04 71 45 46 46"' in page
    # What would be undone by saving again is shown.
    assert "3 place du Square" in page
    assert Contribution.objects.count() == 1
    with pytest.raises(FeatureChanged):
        complete(cafe, claude, CAFE, base="autre")


def test_a_resident_s_older_correction_does_not_empty_what_the_town_hall_wrote(
    cafe: FeatureVersion, bruno: User
) -> None:
    """Sent before the completion, accepted after it: each keeps what is theirs to say."""
    seen = {**CAFE, "horaires": "Mo-Fr 09:00-12:00"}
    change = report(
        cafe.commune, couche=cafe.couche, operation="update", feature_id=cafe.feature_id, attributes=seen
    )
    complete(cafe, bruno, CAFE | ADDRESS)
    publish_accepted(couche=cafe.couche, by=None)
    decide(change, "accept", bruno)
    publish_accepted(couche=cafe.couche, by=None)
    assert FeatureVersion.objects.current().get().attributes == seen | ADDRESS


def test_what_an_official_wrote_in_a_correction_counts(cafe: FeatureVersion, bruno: User) -> None:
    """Completed while accepting: that is the town hall speaking."""
    complete(cafe, bruno, CAFE | ADDRESS)
    publish_accepted(couche=cafe.couche, by=None)
    change = report(
        cafe.commune, couche=cafe.couche, operation="update", feature_id=cafe.feature_id, attributes=CAFE
    )
    edits = Edits({**CAFE, **ADDRESS, "adresse": "4 place du Square"}, None)
    decide(change, "complete", bruno, edits=edits)
    publish_accepted(couche=cafe.couche, by=None)
    assert FeatureVersion.objects.current().get().attributes == CAFE | ADDRESS | {
        "adresse": "4 place du Square"
    }


def test_nothing_changed_is_said(cafe: FeatureVersion, bruno: User) -> None:
    with pytest.raises(NothingCompleted):
        complete(cafe, bruno, CAFE)


def test_a_removed_place_is_completed_no_more(cafe: FeatureVersion, bruno: User, page_as: PageAs) -> None:
    removal = report(
        cafe.commune, couche=cafe.couche, operation="delete", feature_id=cafe.feature_id, attributes={}
    )
    client = page_as(bruno)
    body = form(client, cafe, **ADDRESS)
    decide(removal, "accept", bruno)
    answer = client.post(f"{PAGE}{cafe.feature_id}/", body)
    assert answer.status_code == 422 and "La suppression de ce lieu est acceptée" in text(answer)


def test_the_neighbour_neither_sees_nor_completes(
    cafe: FeatureVersion, chloe: User, bruno: User, sophie: User, page_as: PageAs
) -> None:
    """Not in the list, not at its address, not by the verb; nor does a dead zone have a page."""
    body = form(page_as(bruno), cafe, **ADDRESS)
    for user in (chloe, sophie):
        client = page_as(user)
        assert "Le Relais" not in text(client.get(PAGE))
        assert "Le Relais" not in text(client.get(f"{PAGE}?commune=15014"))
        for answer in (
            client.get(f"{PAGE}{cafe.feature_id}/"),
            client.post(f"{PAGE}{cafe.feature_id}/", body),
        ):
            assert answer.status_code == 404
        assert read_state(cafe.feature_id, user) is None
        found = complete_feature(
            by=user, feature_id=cafe.feature_id, attributes=CAFE, point=None, base="", identifier=uuid.uuid4()
        )
        assert found is None
    publish_dead_zone(cafe.commune)
    zone = FeatureVersion.objects.get(couche__slug="zones-blanches")
    assert page_as(bruno).get(f"{PAGE}{zone.feature_id}/").status_code == 404
    assert not Contribution.objects.exists()


def test_somebody_else_s_identifier_opens_nothing(
    cafe: FeatureVersion, bruno: User, claude: User, page_as: PageAs
) -> None:
    first = complete(cafe, bruno, CAFE | ADDRESS)
    assert first is not None
    client = page_as(claude)
    body = form(client, cafe, telephone="04 71 45 46 46") | {"id": str(first.pk)}
    assert client.post(f"{PAGE}{cafe.feature_id}/", body).status_code == 422
    assert Contribution.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"pivot": "21150014500011"}, "SIRET"),
        ({"code_postal": "150"}, "cinq chiffres"),
        ({"nom": ""}, "Écrivez le nom du lieu"),
        ({"adresse": "x\x00"}, "caractère nul"),
        ({"adresse": "x" * 201}, "200"),
        ({"lon": "NaN", "lat": "44.93"}, "longitude"),
        ({"lon": "2.44", "lat": ""}, "latitude"),
        ({"lon": "2.34", "lat": "44.93"}, "commune"),
        ({"lon": "-40", "lat": "0"}, "hors"),
        ({"kind": "licorne"}, "Quel service"),
    ],
)
def test_what_is_refused_is_told_and_nothing_is_lost(
    cafe: FeatureVersion, ytrac: Commune, bruno: User, page_as: PageAs, typed: dict[str, str], told: str
) -> None:
    client = page_as(bruno)
    answer = client.post(
        f"{PAGE}{cafe.feature_id}/", form(client, cafe, presentation_resume="Gardé ?", **typed)
    )
    assert answer.status_code == 422
    page = text(answer)
    assert told in page and "Gardé ?" in page
    assert not Contribution.objects.exists()


def test_the_point_moves_within_the_commune(cafe: FeatureVersion, bruno: User, page_as: PageAs) -> None:
    client = page_as(bruno)
    client.post(f"{PAGE}{cafe.feature_id}/", form(client, cafe, lon="2,45", lat="44,94"))
    row = Contribution.objects.get()
    assert row.geom.coords == (2.45, 44.94) and row.position_source == "map" and row.accuracy_m is None


@pytest.mark.parametrize("body", [{}, {"id": "x"}, {"base": "\x00", "id": str(uuid.uuid4())}])
def test_a_form_half_sent(cafe: FeatureVersion, bruno: User, page_as: PageAs, body: dict[str, str]) -> None:
    assert page_as(bruno).post(f"{PAGE}{cafe.feature_id}/", body).status_code == 422


def test_the_page_names_what_is_missing_and_leads_to_it(
    cafe: FeatureVersion, bruno: User, page_as: PageAs
) -> None:
    page = text(page_as(bruno).get(f"{PAGE}{cafe.feature_id}/"))
    assert "Pas encore conforme au schéma national" in page
    for name in re.findall(r'href="#(id_a-[^"]+)"', page):
        assert f'id="{name}"' in page, name
    assert 'href="#id_a-pivot"' in page


def test_only_the_page_of_an_address_asks_the_geocoder(
    cafe: FeatureVersion, bruno: User, page_as: PageAs
) -> None:
    client = page_as(bruno)
    asking = client.get(f"{PAGE}{cafe.feature_id}/")["Content-Security-Policy"]
    assert settings.GEOCODER_ORIGIN in asking
    assert settings.GEOCODER_ORIGIN not in client.get(PAGE)["Content-Security-Policy"].split("img-src")[0]


# --- The list --------------------------------------------------------------------------------


def test_the_least_complete_comes_first(aurillac: Commune, bruno: User, page_as: PageAs) -> None:
    publish_services(aurillac, "Entier", "Vide")
    whole = next(one for one in FeatureVersion.objects.all() if one.attributes["nom"] == "Entier")
    complete(whole, bruno, {**whole.attributes, **ADDRESS, "courriels": "cafe@exemple.fr"})
    publish_accepted(couche=whole.couche, by=None)
    page = text(page_as(bruno).get(PAGE))
    assert page.index(">Vide<") < page.index(">Entier<")
    assert "sur 7 obligatoires" in page and "SIRET, RNA ou RIDET" in page


def test_the_list_is_filtered_and_paginated_in_constant_queries(
    aurillac: Commune, ytrac: Commune, driss: User, page_as: PageAs
) -> None:
    client, counts = page_as(driss), []
    publish_services(ytrac, "Chez Ytrac")
    for more in (2, 38):
        publish_services(aurillac, *(f"Café {more}-{rank}" for rank in range(more)))
        with CaptureQueriesContext(connection) as queries:
            page = text(client.get(PAGE))
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert "Page 1 sur 2" in page
    assert "Chez Ytrac" not in text(client.get(f"{PAGE}?commune=15014"))
    assert "Chez Ytrac" in text(client.get(f"{PAGE}?commune=15267&couche=services"))
    assert "Aucune fiche" in text(client.get(f"{PAGE}?couche=batiments-publics"))


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("couche=licornes", 422),
        ("commune=%00", 422),
        ("commune=99999", 200),
        ("page=x", 200),
        ("page=99999", 200),
    ],
)
def test_addresses_made_up(bruno: User, page_as: PageAs, query: str, status: int) -> None:
    assert page_as(bruno).get(f"{PAGE}?{query}").status_code == status


def test_a_territory_too_large_says_that_it_is_cut(
    aurillac: Commune, bruno: User, page_as: PageAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moderation.features.CEILING", 3)
    monkeypatch.setattr("moderation.views_completing.CEILING", 3)
    publish_services(aurillac, *"ABCDE")
    rows = worst_first(kept_by(bruno), [Couche.objects.get(slug="services")])
    assert len(states_of(list(rows))) == 3
    assert "Choisissez une commune" in text(page_as(bruno).get(PAGE))


# --- A report, before deciding ----------------------------------------------------------------


def sent(**typed: str) -> MultiValueDict[str, str]:
    """Return a form as the card of a report sends it."""
    names = {f"a-{name}" if name not in ("lon", "lat") else name: [value] for name, value in typed.items()}
    data = QueryDict(mutable=True)
    for name, values in names.items():
        data.setlist(name, values)
    return data


def a_report(commune: Commune) -> Contribution:
    """A café somebody reports."""
    return report(
        commune, couche=Couche.objects.get(slug="services"), attributes={"kind": "cafe", "nom": "Le Relais"}
    )


def test_a_report_is_completed_before_it_is_accepted(aurillac: Commune, bruno: User) -> None:
    """What the card reads is what the gesture « compléter » takes."""
    row = a_report(aurillac)
    attributes, point = read_changes(
        row, sent(kind="cafe", nom="Le Relais", lon="2,441", lat="44,931", **ADDRESS)
    )
    assert attributes == {"kind": "cafe", "nom": "Le Relais", **ADDRESS} and point is not None
    decide(row, "complete", bruno, edits=Edits(attributes, point))
    row.refresh_from_db()
    assert row.status == "ACCEPTED" and row.attributes == attributes and row.geom.coords == (2.441, 44.931)


def test_a_point_left_as_it_is_does_not_move(aurillac: Commune) -> None:
    row = a_report(aurillac)
    for place in ({}, {"lon": "2.44", "lat": "44.93"}, {"lon": "", "lat": ""}):
        assert read_changes(row, sent(kind="cafe", nom="Le Relais", **place))[1] is None


def test_what_an_official_mistypes_is_told_by_field(aurillac: Commune, ytrac: Commune) -> None:
    row = a_report(aurillac)
    with pytest.raises(ValidationError) as refusal:
        read_changes(row, sent(kind="cafe", nom="", code_postal="1", lon="2.34", lat="44.93"))
    assert set(refusal.value.message_dict) == {"attributes.nom", "attributes.code_postal", "geometry"}


def test_the_form_of_a_report_proposes_without_hiding_it(aurillac: Commune) -> None:
    aurillac.codes_postaux = ["15000"]
    aurillac.save()
    row = a_report(aurillac)
    row.refresh_from_db()
    questions = completion_of(row).questions
    assert questions["code_postal"].value() == "15000" and "Proposé" in questions["code_postal"].help_text
    assert questions["adresse"].value() is None

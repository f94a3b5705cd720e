"""Filters of the queue kept under a name: checked before they are stored, one's own alone, twenty at most."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import timezone

from comptes.models import User
from moderation import saved_filters
from moderation.models import SavedFilter
from tests.contributions.test_submission_concurrency import at_once
from tests.factories import UserFactory

DOOR = "/moderation/filtres/"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("couche=services&status=tous", "couche=services&status=tous"),
        ("?status=tous&couche=services&after=&commune=", "couche=services&status=tous"),
        ("status=tous&limit=10&inconnu=1", "status=tous"),
        ("bbox=2.3,44.8,2.6,45", "bbox=2.3%2C44.8%2C2.6%2C45"),
        ("photo=oui&photo=oui", "photo=oui"),
        ("status=a-decider", ""),
        ("", ""),
    ],
)
def test_what_is_stored_is_what_the_queue_reads_in_one_order(raw: str, kept: str) -> None:
    assert saved_filters.normalised(raw) == kept
    assert saved_filters.normalised(kept) == kept


@pytest.mark.django_db
@pytest.mark.parametrize(
    "raw",
    ["status=perdu", "commune=1501", "couche=%00", "bbox=1,2,3", "age=-1", "auteur=moi", "x" * 2_000, None, 3,
     "status=%ED%A0%80", "&".join(["a=1"] * 400)],
)  # fmt: skip
def test_what_the_queue_would_refuse_is_not_stored(bruno: User, raw: object) -> None:
    with pytest.raises(ValidationError):
        saved_filters.save(by=bruno, name="Mon filtre", query=raw)
    assert not SavedFilter.objects.exists()


@pytest.mark.django_db
def test_the_same_name_again_replaces(bruno: User, chloe: User) -> None:
    saved_filters.save(by=bruno, name=" Cafés ", query="couche=services")
    saved_filters.save(by=bruno, name="Cafés", query="couche=services&photo=oui")
    saved_filters.save(by=chloe, name="Cafés", query="status=tous")
    assert [row.query for row in saved_filters.saved_by(bruno)] == ["couche=services&photo=oui"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["", "  ", "\u200b", "x" * 61, "a\x00", None, "\ud800"])
def test_a_name_that_says_nothing_is_refused(bruno: User, name: object) -> None:
    with pytest.raises(ValidationError) as refusal:
        saved_filters.save(by=bruno, name=name, query="status=tous")
    assert list(refusal.value.message_dict) == ["name"]


@pytest.mark.usefixtures("committed")
def test_thirty_at_once_leave_twenty() -> None:
    user = UserFactory()
    outcomes = at_once(
        [lambda n=n: saved_filters.save(by=user, name=f"Filtre {n}", query="status=tous") for n in range(30)]
    )
    refused = [one for one in outcomes if isinstance(one, ValidationError)]
    assert SavedFilter.objects.count() == saved_filters.MAX_SAVED and len(refused) == 10


@pytest.mark.django_db
def test_the_database_keeps_one_per_name(bruno: User) -> None:
    fields = {"user": bruno, "name": "Cafés", "query": "status=tous", "created_at": timezone.now()}
    SavedFilter.objects.create(**fields)
    for changes in ({}, {"name": ""}, {"name": "Autre", "query": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            SavedFilter.objects.create(**{**fields, **changes})


@pytest.mark.django_db
def test_by_page_one_saves_renames_and_deletes_and_comes_back_to_the_list(
    page_as: Callable[[User], Client], bruno: User
) -> None:
    mayor = page_as(bruno)
    saved = mayor.post(DOOR, {"name": "Cafés", "query": "photo=oui&couche=services"})
    assert saved.status_code == 302 and saved["Location"] == "/moderation/?couche=services&photo=oui"
    assert mayor.get(saved["Location"]).status_code == 200
    row = SavedFilter.objects.get()
    assert mayor.post(f"{DOOR}{row.pk}/renommer/", {"name": "Bistrots"}).status_code == 302
    assert SavedFilter.objects.get().name == "Bistrots"
    assert mayor.post(f"{DOOR}{row.pk}/supprimer/").status_code == 302
    assert mayor.post(f"{DOOR}{row.pk}/supprimer/").status_code == 404
    assert mayor.post(f"{DOOR}{10**30}/renommer/", {"name": "x"}).status_code == 404
    assert not SavedFilter.objects.exists()


@pytest.mark.django_db
def test_a_refusal_shows_what_was_typed(page_as: Callable[[User], Client], bruno: User) -> None:
    mayor = page_as(bruno)
    saved_filters.save(by=bruno, name="Cafés", query="couche=services")
    row = saved_filters.save(by=bruno, name="Tout", query="status=tous")
    page = mayor.post(f"{DOOR}{row.pk}/renommer/", {"name": "Cafés"})
    assert page.status_code == 422 and 'value="Cafés"' in page.content.decode()
    page = mayor.post(DOOR, {"name": "<b>", "query": "couche=inconnue"})
    assert page.status_code == 422 and "&lt;b&gt;" in page.content.decode()
    assert "couche=inconnue" in page.content.decode() and "no-store" in page["Cache-Control"]


@pytest.mark.django_db
def test_somebody_elses_filter_does_not_exist_for_me(
    page_as: Callable[[User], Client], bruno: User, claude: User
) -> None:
    row = saved_filters.save(by=bruno, name="Cafés", query="couche=services")
    clerk = page_as(claude)
    for path in ("renommer", "supprimer"):
        assert clerk.post(f"{DOOR}{row.pk}/{path}/", {"name": "x"}).status_code == 404
    assert SavedFilter.objects.get().name == "Cafés"


@pytest.mark.django_db
def test_the_partial_marks_the_current_one_and_offers_to_save_a_new_one(bruno: User) -> None:
    saved_filters.save(by=bruno, name="Cafés", query="couche=services")
    request = RequestFactory().get("/moderation/")
    request.user = AnonymousUser()

    def shown(raw: str) -> str:
        context = saved_filters.context(bruno, raw)
        return render_to_string("moderation/composants/filtres_enregistres.html", context, request)

    assert 'aria-current="page">Cafés' in shown("status=&couche=services") and "filtre-nom" not in shown(
        "couche=services"
    )
    assert 'value="photo=oui"' in shown("photo=oui") and "aria-current" not in shown("photo=oui")
    assert "filtre-nom" not in shown("") and "filtre-nom" not in shown("status=perdu")

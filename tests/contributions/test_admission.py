"""Who is slowed, by what, and what a workshop's code lifts: nothing sent is ever lost."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from comptes.models import Membership, User
from comptes.permissions import Forbidden
from contributions import limits, workshops
from contributions.models import Contribution, TokenBucket, WorkshopCode
from contributions.submission import Sender, submit
from territoires.models import Commune
from tests.contributions.factories import emptied, payload, submission
from tests.contributions.test_api import problem, put
from tests.contributions.test_photos import TATTOOED
from tests.contributions.test_signaler import at_the_check, hidden
from tests.contributions.test_submission_concurrency import at_once
from tests.factories import CommuneFactory, ContributionFactory, MembershipFactory, UserFactory

ADDRESS = "/api/v1/contributions/"
PAGE = "/ateliers/"
WORKSHOP = {"label": "Atelier du mardi", "hours": "3", "max_uses": "60"}


def of_this_client(kind: str) -> limits.Take:
    return limits.of_address(kind, "127.0.0.1")


def opened(by: User, **changes: Any) -> tuple[WorkshopCode, str]:
    return workshops.open_workshop(**{"by": by, "label": "Classe", "hours": 3, "max_uses": 60, **changes})


# --- slowed, never lost ------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_plain_program_sends_twenty_then_is_told_when(api: APIClient, aurillac: Commune) -> None:
    for _ in range(20):
        assert api.post(ADDRESS, payload()).status_code == 201
    last = payload()
    response = api.post(ADDRESS, last)
    said = problem(response, 429)
    assert said["type"] == "urn:reperes:probleme:trop-d-envois" and "Rien n'est perdu" in said["detail"]
    assert 1 <= int(response["Retry-After"]) <= 181
    TokenBucket.objects.update(filled_at=timezone.now() - dt.timedelta(seconds=int(response["Retry-After"])))
    assert api.post(ADDRESS, last).status_code == 201


@pytest.mark.django_db
def test_what_is_stored_is_answered_when_everything_is_exhausted(api: APIClient, aurillac: Commune) -> None:
    document = payload()
    first = api.post(ADDRESS, document)
    shards = [limits.Take(f"site:{rank}", 1, 1e-6) for rank in range(limits.SITE_SHARDS)]
    emptied(of_this_client("bare"), of_this_client("address"), limits.of_commune("15014"), *shards)
    again = api.post(ADDRESS, document)
    assert (again.status_code, again.content) == (200, first.content)
    problem(api.post(ADDRESS, payload()), 429)


@pytest.mark.django_db
@pytest.mark.parametrize("which", ["bare", "commune", "site"])
def test_each_bucket_slows_and_a_refusal_consumes_nothing(
    api: APIClient, aurillac: Commune, which: str
) -> None:
    emptied(
        *{
            "bare": [of_this_client("bare")],
            "commune": [limits.of_commune("15014")],
            "site": [limits.Take(f"site:{rank}", 750, 1) for rank in range(limits.SITE_SHARDS)],
        }[which]
    )
    before = TokenBucket.objects.count()
    problem(api.post(ADDRESS, payload(email="amel@exemple.fr")), 429)
    assert TokenBucket.objects.count() == before and not Contribution.objects.exists()


@pytest.mark.django_db
def test_another_communes_storm_is_not_ours(api: APIClient, aurillac: Commune, ytrac: Commune) -> None:
    emptied(limits.of_commune("15267"))
    assert api.post(ADDRESS, payload()).status_code == 201


@pytest.mark.django_db
def test_content_refused_and_conflicts_cost_nothing(api: APIClient, aurillac: Commune) -> None:
    problem(api.post(ADDRESS, payload(accuracy_m=-1)), 422)
    assert not TokenBucket.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("proxies", [0, 1])
def test_a_hundred_invented_addresses_are_one_bucket(
    api: APIClient, aurillac: Commune, settings: Any, proxies: int
) -> None:
    """What the client writes of itself stands left of what our proxy saw."""
    settings.REPERES_PROXIES = proxies
    seen = ", 203.0.113.7" if proxies else ""
    statuses = [
        api.post(ADDRESS, payload(), headers={"x-forwarded-for": f"198.51.{rank}.{rank}{seen}"}).status_code
        for rank in range(100)
    ]
    assert statuses == [201] * 20 + [429] * 80
    assert TokenBucket.objects.filter(key__startswith="bare:").count() == 1


@pytest.mark.django_db
def test_trusted_callers_are_not_slowed(aurillac: Commune) -> None:
    for _ in range(25):
        submit(submission())
    assert not TokenBucket.objects.exists()


@pytest.mark.django_db
def test_a_token_whose_mandate_ended_opens_nothing(
    api_as: Callable[[User], APIClient], aurillac: Commune, claude: User
) -> None:
    Membership.objects.update(ends=timezone.now())
    problem(api_as(claude).post(ADDRESS, payload()), 401)


@pytest.mark.django_db
def test_photos_are_slowed_and_a_photo_sent_again_is_not(api: APIClient, aurillac: Commune) -> None:
    row = ContributionFactory(commune=aurillac)
    first = put(api, row, TATTOOED["jpeg-comment"])
    emptied(of_this_client("photo"))
    response = put(api, row, TATTOOED["jpeg-exif-gps"], 2)
    assert problem(response, 429)["type"].endswith("trop-d-envois") and int(response["Retry-After"]) >= 1
    assert put(api, row, TATTOOED["jpeg-comment"]).json() == first.json()


# --- the form without script -------------------------------------------------------------------------


@pytest.fixture
def visitor() -> Client:
    return Client(enforce_csrf_checks=True, headers={"sec-fetch-site": "same-origin"})


@pytest.mark.django_db
def test_the_form_keeps_all_that_was_entered_and_says_when(visitor: Client, aurillac: Commune) -> None:
    draft = hidden(at_the_check(visitor))
    emptied(of_this_client("bare"))
    page = visitor.post("/signaler/", {**draft, "etape": "envoi", "email": "amel@exemple.fr"})
    text = page.content.decode()
    assert page.status_code == 429 and int(page["Retry-After"]) >= 1 and not page.cookies
    assert "Rien n&#x27;est perdu" in text and "amel@exemple.fr" in text and "Orange" in text
    assert hidden(page) == draft
    TokenBucket.objects.all().delete()
    kept = {**hidden(page), "etape": "envoi", "email": "amel@exemple.fr"}
    assert visitor.post("/signaler/", kept).status_code == 200
    assert Contribution.objects.get().pk.hex == draft["id"].replace("-", "")


@pytest.mark.django_db
def test_a_workshop_code_typed_in_the_form_lets_in(visitor: Client, aurillac: Commune, claude: User) -> None:
    workshop, code = opened(claude)
    emptied(of_this_client("bare"))
    draft = {**hidden(at_the_check(visitor)), "etape": "envoi"}
    wrong = visitor.post("/signaler/", {**draft, "workshop": "TILLEUL-0000"})
    text = wrong.content.decode()
    assert wrong.status_code == 422 and 'href="#id_workshop"' in text and 'value="TILLEUL-0000"' in text
    assert '<details class="replie" open>' in text
    assert visitor.post("/signaler/", {**draft, "workshop": code.lower()}).status_code == 200
    workshop.refresh_from_db()
    assert workshop.uses == 1


# --- workshop codes ------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_fifty_residents_behind_one_address_pass_with_a_code_and_not_without(
    api: APIClient, aurillac: Commune, claude: User
) -> None:
    workshop, code = opened(claude, max_uses=50)
    documents = [payload(workshop=code) for _ in range(50)]
    assert [api.post(ADDRESS, one).status_code for one in documents] == [201] * 50
    assert [api.post(ADDRESS, one).status_code for one in documents[:3]] == [200] * 3
    workshop.refresh_from_db()
    assert workshop.uses == 50
    assert "autant de fois" in problem(api.post(ADDRESS, payload(workshop=code)), 422)["detail"]
    without = [api.post(ADDRESS, payload()) for _ in range(50)]
    assert [one.status_code for one in without] == [201] * 20 + [429] * 30
    assert all(int(one["Retry-After"]) >= 1 for one in without[20:])


@pytest.mark.usefixtures("committed")
def test_a_code_used_by_a_whole_class_at_once_is_never_exceeded() -> None:
    clerk = UserFactory()
    MembershipFactory(user=clerk, role="clerk", commune=CommuneFactory())
    workshop, code = opened(clerk, max_uses=5)
    answers = at_once([lambda: APIClient().post(ADDRESS, payload(workshop=code)).status_code] * 16)
    assert sorted(answers) == [201] * 5 + [422] * 11
    workshop.refresh_from_db()
    assert workshop.uses == 5 == Contribution.objects.count()


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["{code}", "  {lower} ", "{spaced}", "{glued}"])
def test_a_code_is_recognised_however_it_is_typed(aurillac: Commune, claude: User, typed: str) -> None:
    workshop, code = opened(claude)
    said = typed.format(
        code=code, lower=code.lower(), spaced=code.replace("-", " "), glued=code.replace("-", "")
    )
    assert workshops.find(said, commune=aurillac) == workshop


def _end(workshop: WorkshopCode, claude: User) -> None:
    workshops.end_workshop(by=claude, pk=workshop.pk)
    workshops.end_workshop(by=claude, pk=workshop.pk)


def _expire(workshop: WorkshopCode, claude: User) -> None:
    WorkshopCode.objects.update(
        created_at=timezone.now() - dt.timedelta(hours=2), expires_at=timezone.now() - dt.timedelta(hours=1)
    )


def _leave(workshop: WorkshopCode, claude: User) -> None:
    Membership.objects.update(ends=timezone.now())


def _close_account(workshop: WorkshopCode, claude: User) -> None:
    User.objects.update(is_active=False)


@pytest.mark.django_db
@pytest.mark.parametrize("gone", [_end, _expire, _leave, _close_account])
def test_a_code_ended_expired_or_of_an_ex_official_is_dead(
    api: APIClient, aurillac: Commune, claude: User, gone: Callable[[WorkshopCode, User], None]
) -> None:
    workshop, code = opened(claude)
    gone(workshop, claude)
    said = problem(api.post(ADDRESS, payload(workshop=code)), 422)
    assert set(said["errors"]) == {"workshop"} and not Contribution.objects.exists()


@pytest.mark.django_db
def test_the_neighbouring_mayors_code_opens_nothing_here(
    api: APIClient, aurillac: Commune, chloe: User, driss: User
) -> None:
    said = problem(api.post(ADDRESS, payload(workshop=opened(chloe)[1])), 422)
    unknown = problem(api.post(ADDRESS, payload(workshop="TILLEUL-0000")), 422)
    assert said == unknown
    assert api.post(ADDRESS, payload(workshop=opened(driss)[1])).status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize("raw", [3, True, {}, [], "x" * 81, "é", "-", "\x00", "\ud800"], ids=ascii)
def test_what_is_no_code_is_refused_by_name(aurillac: Commune, raw: object) -> None:
    with pytest.raises(ValidationError) as caught:
        submit(submission(), sender=Sender("203.0.113.7", workshop=raw))
    assert set(caught.value.message_dict) == {"workshop"}


@pytest.mark.django_db
def test_guessing_codes_is_slowed(api: APIClient, aurillac: Commune, claude: User) -> None:
    statuses = [api.post(ADDRESS, payload(workshop="TILLEUL-0000")).status_code for _ in range(62)]
    assert statuses == [422] * 60 + [429] * 2
    problem(api.post(ADDRESS, payload(workshop=opened(claude)[1])), 429)


@pytest.mark.django_db
def test_an_empty_code_is_no_code(api: APIClient, aurillac: Commune) -> None:
    assert api.post(ADDRESS, payload(workshop="")).status_code == 201
    assert api.post(ADDRESS, payload(workshop=None)).status_code == 201


@pytest.mark.django_db
def test_a_code_of_yesterdays_key_still_opens(aurillac: Commune, claude: User, settings: Any) -> None:
    workshop, code = opened(claude)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the new key, drawn at random this morning"
    assert workshops.find(code, commune=aurillac) == workshop
    assert code not in str(WorkshopCode.objects.values())


@pytest.mark.django_db
def test_who_may_not_enter_for_others_opens_none(sophie: User) -> None:
    with pytest.raises(Forbidden):
        opened(sophie)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"uses": 61},
        {"max_uses": 0},
        {"max_uses": 501},
        {"expires_at": timezone.now() + dt.timedelta(hours=13)},
    ],
    ids=["uses", "no-use", "too-many", "too-long"],
)
def test_the_database_refuses_a_code_out_of_bounds(
    aurillac: Commune, claude: User, change: dict[str, Any]
) -> None:
    opened(claude)
    with pytest.raises(IntegrityError), transaction.atomic():
        WorkshopCode.objects.update(**change)


@pytest.mark.django_db
def test_old_codes_are_forgotten(aurillac: Commune, claude: User) -> None:
    opened(claude)
    assert workshops.forget_old() == 0
    past = timezone.now() - dt.timedelta(days=31)
    WorkshopCode.objects.update(created_at=past, expires_at=past + dt.timedelta(hours=1))
    assert workshops.forget_old() == 1


# --- the officials' page ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_clerk_opens_a_code_seen_once_and_ends_it(
    page_as: Callable[[User], Client], api: APIClient, aurillac: Commune, claude: User
) -> None:
    client = page_as(claude)
    shown = client.post(PAGE, WORKSHOP).content.decode()
    code = shown.partition("<code>")[2].partition("</code>")[0]
    assert code.partition("-")[0] in workshops.WORDS and len(code.partition("-")[2]) == 4
    assert api.post(ADDRESS, payload(workshop=code)).status_code == 201
    listed = client.get(PAGE).content.decode()
    assert "Atelier du mardi" in listed and "Signalements reçus : 1 sur 60" in listed and code not in listed
    workshop = WorkshopCode.objects.get()
    assert client.post(f"{PAGE}{workshop.pk}/fin/", follow=True).status_code == 200
    assert "Atelier du mardi" not in client.get(PAGE).content.decode()
    problem(api.post(ADDRESS, payload(workshop=code)), 422)


@pytest.mark.django_db
def test_a_colleagues_code_is_not_mine_to_end(
    page_as: Callable[[User], Client], aurillac: Commune, claude: User, bruno: User
) -> None:
    workshop, _code = opened(claude)
    assert page_as(bruno).post(f"{PAGE}{workshop.pk}/fin/").status_code == 404
    assert WorkshopCode.objects.live().exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change", [{"hours": "13"}, {"hours": "0"}, {"max_uses": "501"}, {"label": ""}, {"hours": "x"}], ids=str
)
def test_what_is_out_of_bounds_is_said_at_its_field(
    page_as: Callable[[User], Client], aurillac: Commune, claude: User, change: dict[str, str]
) -> None:
    page = page_as(claude).post(PAGE, {**WORKSHOP, **change})
    assert page.status_code == 422 and f'href="#id_{next(iter(change))}"' in page.content.decode()
    assert not WorkshopCode.objects.exists()


@pytest.mark.django_db
def test_the_page_is_reached_from_the_queue_and_the_account(
    page_as: Callable[[User], Client], aurillac: Commune, claude: User, sophie: User
) -> None:
    for address in ["/moderation/", "/compte/"]:
        assert 'href="/ateliers/"' in page_as(claude).get(address).content.decode()
        assert 'href="/ateliers/"' not in page_as(sophie).get(address).content.decode()
    assert page_as(sophie).get(PAGE).status_code == 403

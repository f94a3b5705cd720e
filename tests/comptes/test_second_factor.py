"""`/compte/second-facteur/`: adding, showing, losing; and what a password alone does not do."""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client

from comptes.models import Notification, User
from contributions.models import Contribution
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("second_factor_required")]
OVERVIEW, APPLICATION, CODES = (
    "/compte/second-facteur/",
    "/compte/second-facteur/application/",
    "/compte/second-facteur/codes/",
)
SECOND_STEP = "/compte/connexion/verification/"
# Any instant will do; the clock only moves when a test says so.
NOON = "2026-11-02T12:00:00+01:00"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """The clock, stopped, with fresh counters of tries."""
    cache.clear()
    with time_machine.travel(NOON, tick=False) as coordinates:
        yield coordinates
    cache.clear()


def sign_in(client: Client, user: User) -> Any:
    return client.post("/compte/connexion/", {"login": user.email, "password": factories.PASSWORD})


def code_of(secret: str, ahead: int = 0) -> str:
    """What the application on the telephone shows now, or `ahead` periods from now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + ahead))


def add_application(client: Client, clock: time_machine.Traveller) -> tuple[str, list[str]]:
    """Go through the page as a person does; return the secret and the recovery codes."""
    page = client.get(APPLICATION).content.decode()
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page)
    assert secret, page
    answer = client.post(APPLICATION, {"code": code_of(secret[1])})
    assert answer["Location"] == CODES
    shown = client.get(CODES).content.decode()
    codes = [left + right for left, right in re.findall(r"<code>(\d{4}) (\d{4})</code>", shown)]
    clock.shift(120)
    return secret[1], codes


def decide(client: Client, report: Contribution) -> Any:
    return client.post(f"/moderation/{report.pk}/", {"action": "accept", "version": report.version})


@pytest.fixture
def report(bruno: User) -> Contribution:
    """A dead zone that waits in Aurillac."""
    return factories.ContributionFactory()


def test_with_a_password_alone_the_mayor_sees_and_decides_nothing(
    client: Client, bruno: User, report: Contribution
) -> None:
    sign_in(client, bruno)
    queue = client.get("/moderation/")
    assert queue.status_code == 200
    assert "Mettre en place la double vérification" in queue.content.decode()
    answer = decide(client, report)
    assert answer.status_code == 403
    assert "double vérification" in answer.content.decode()
    report.refresh_from_db()
    assert report.status == "SUBMITTED"


def test_an_application_opens_the_gesture_at_once(
    client: Client, bruno: User, report: Contribution, clock: time_machine.Traveller
) -> None:
    sign_in(client, bruno)
    add_application(client, clock)
    assert "Mettre en place la double vérification" not in client.get("/moderation/").content.decode()
    assert decide(client, report).status_code == 302
    report.refresh_from_db()
    assert report.status == "ACCEPTED"


def test_the_program_of_a_page_is_told_by_a_code_of_its_own(
    client: Client, bruno: User, report: Contribution
) -> None:
    sign_in(client, bruno)
    answer = client.post(
        f"/api/v1/moderation/contributions/{report.pk}/decisions/",
        {"action": "accept"},
        content_type="application/json",
        headers={"If-Match": '"1"'},
    )
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:reperes:probleme:second-facteur-requis"
    report.refresh_from_db()
    assert report.status == "SUBMITTED"


def test_a_steward_reads_the_page_and_publishes_only_after(
    client: Client, sophie: User, clock: time_machine.Traveller
) -> None:
    sign_in(client, sophie)
    assert client.get("/moderation/publication/").status_code == 200
    publish = "/moderation/publication/zones-blanches/"
    refused = client.post(publish, {"note": "Essai"})
    assert refused.status_code == 403
    assert OVERVIEW in refused.content.decode()
    told = client.post(
        "/api/v1/couches/zones-blanches/versions/", {"note": "Essai"}, content_type="application/json"
    )
    assert told.json()["type"] == "urn:reperes:probleme:second-facteur-requis"
    add_application(client, clock)
    assert client.post(publish, {"note": "Essai"}).status_code == 302


def test_a_token_is_created_with_a_second_factor_and_then_does_without(
    client: Client, api_as: Any, bruno: User, report: Contribution, clock: time_machine.Traveller
) -> None:
    sign_in(client, bruno)
    assert client.post("/compte/jetons/", {"name": "SIG"}).status_code == 403
    assert not bruno.auth_token_set.exists()
    add_application(client, clock)
    assert client.post("/compte/jetons/", {"name": "SIG"}).status_code == 200
    answer = api_as(bruno).post(
        f"/api/v1/moderation/contributions/{report.pk}/decisions/",
        {"action": "accept"},
        headers={"If-Match": '"1"'},
    )
    assert answer.status_code == 201


def test_a_clerk_who_decides_nothing_is_asked_nothing(client: Client, claude: User) -> None:
    sign_in(client, claude)
    assert "double vérification" not in client.get("/moderation/").content.decode()


def test_the_demonstration_asks_nothing(
    client: Client, bruno: User, report: Contribution, settings: Any
) -> None:
    settings.REPERES_MFA = "optional"
    sign_in(client, bruno)
    assert "Mettre en place la double vérification" not in client.get("/moderation/").content.decode()
    assert decide(client, report).status_code == 302


def test_the_next_sign_in_asks_for_the_code_and_nothing_is_open_before(
    client: Client, bruno: User, report: Contribution, clock: time_machine.Traveller
) -> None:
    sign_in(client, bruno)
    secret, _codes = add_application(client, clock)
    client.post("/compte/deconnexion/")
    other = Client()
    assert sign_in(other, bruno)["Location"] == SECOND_STEP
    assert other.get("/moderation/").status_code == 302
    assert other.get(SECOND_STEP).status_code == 200
    wrong = other.post(SECOND_STEP, {"code": "123"})
    assert wrong.status_code == 422
    assert "Ce code ne va pas" in wrong.content.decode()
    assert other.post(SECOND_STEP, {"code": code_of(secret)})["Location"] == "/moderation/"
    assert decide(other, report).status_code == 302


@pytest.mark.parametrize("ahead", [-1, 0, 1])
def test_a_telephone_half_a_minute_wrong_passes(
    ahead: int, client: Client, bruno: User, clock: time_machine.Traveller
) -> None:
    sign_in(client, bruno)
    secret, _codes = add_application(client, clock)
    other = Client()
    sign_in(other, bruno)
    assert other.post(SECOND_STEP, {"code": code_of(secret, ahead)}).status_code == 302


def test_a_code_seen_over_the_shoulder_does_not_serve_again(
    client: Client, bruno: User, clock: time_machine.Traveller
) -> None:
    """allauth forgets it after thirty seconds; with the tolerance it would still pass."""
    sign_in(client, bruno)
    secret, _codes = add_application(client, clock)
    code = code_of(secret, ahead=1)
    mayor, thief = Client(), Client()
    sign_in(mayor, bruno)
    sign_in(thief, bruno)
    assert mayor.post(SECOND_STEP, {"code": code}).status_code == 302
    clock.shift(40)
    assert thief.post(SECOND_STEP, {"code": code}).status_code == 422
    assert thief.post(SECOND_STEP, {"code": f"{code[:3]} {code[3:]}"}).status_code == 422
    assert thief.post(SECOND_STEP, {"code": code_of(secret, ahead=1)}).status_code == 302


def test_six_wrong_codes_close_the_step(
    client: Client, bruno: User, settings: Any, clock: time_machine.Traveller
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "5/5m/key"}
    sign_in(client, bruno)
    secret, _codes = add_application(client, clock)
    other = Client()
    sign_in(other, bruno)
    for _ in range(5):
        other.post(SECOND_STEP, {"code": "000000"})
    refused = other.post(SECOND_STEP, {"code": code_of(secret)})
    assert refused.status_code == 422
    assert "Trop d&#x27;essais" in refused.content.decode()


def test_recovery_codes_are_shown_once_and_serve_once(
    client: Client, bruno: User, report: Contribution, clock: time_machine.Traveller
) -> None:
    sign_in(client, bruno)
    _secret, codes = add_application(client, clock)
    assert len(set(codes)) == 10
    again = client.get(CODES).content.decode()
    assert not any(code[:4] in again for code in codes)
    lost, thief = Client(), Client()
    sign_in(lost, bruno)
    sign_in(thief, bruno)
    assert lost.post(SECOND_STEP, {"code": f"{codes[3][:4]} {codes[3][4:]}"}).status_code == 302
    assert decide(lost, report).status_code == 302
    assert thief.post(SECOND_STEP, {"code": codes[3]}).status_code == 422


def test_new_recovery_codes_kill_the_old_ones(
    client: Client, bruno: User, clock: time_machine.Traveller
) -> None:
    sign_in(client, bruno)
    _secret, codes = add_application(client, clock)
    assert client.post("/compte/second-facteur/codes/nouveaux/")["Location"] == CODES
    other = Client()
    sign_in(other, bruno)
    assert other.post(SECOND_STEP, {"code": codes[0]}).status_code == 422


def test_the_secret_is_sealed_in_the_table(
    client: Client, bruno: User, clock: time_machine.Traveller
) -> None:
    sign_in(client, bruno)
    secret, codes = add_application(client, clock)
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept
    assert not any(code in kept for code in codes)


def test_a_changed_secret_key_still_opens_what_it_sealed(
    client: Client, bruno: User, settings: Any, clock: time_machine.Traveller
) -> None:
    sign_in(client, bruno)
    secret, _codes = add_application(client, clock)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "une-autre-cle-tout-aussi-longue-et-bien-melangee"
    other = Client()
    sign_in(other, bruno)
    assert other.post(SECOND_STEP, {"code": code_of(secret)}).status_code == 302


def test_taking_the_factor_away_closes_the_gesture_in_open_sessions(
    client: Client, bruno: User, report: Contribution, clock: time_machine.Traveller
) -> None:
    sign_in(client, bruno)
    add_application(client, clock)
    call_command("reset_second_factor", bruno.email)
    assert not Authenticator.objects.filter(user=bruno).exists()
    assert decide(client, report).status_code == 403
    assert Notification.objects.filter(template="double-verification", recipient=bruno.email).count() == 1


def test_adding_a_factor_is_told_by_letter(
    client: Client,
    bruno: User,
    clock: time_machine.Traveller,
    django_capture_on_commit_callbacks: Any,
) -> None:
    """Whoever holds the password could add their own: the mayor must learn of it."""
    sign_in(client, bruno)
    with django_capture_on_commit_callbacks(execute=True):
        add_application(client, clock)
    letter = Notification.objects.get(template="double-verification")
    assert letter.recipient == bruno.email
    assert "Une application de codes" in letter.context["geste"]


def test_the_reset_is_logged_without_the_address_and_names_the_unknown(
    bruno: User, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        call_command("reset_second_factor", bruno.email)
    assert f"user {bruno.pk}" in caplog.text
    assert bruno.email not in caplog.text
    with pytest.raises(CommandError, match=r"personne@exemple\.fr"):
        call_command("reset_second_factor", "personne@exemple.fr")


def test_a_session_older_than_the_factor_confirms_it(
    client: Client, bruno: User, report: Contribution, clock: time_machine.Traveller
) -> None:
    """The office's computer was signed in before the telephone was added elsewhere."""
    office = Client()
    sign_in(office, bruno)
    sign_in(client, bruno)
    secret, _codes = add_application(client, clock)
    assert decide(office, report).status_code == 403
    assert "Donner un code" in office.get(f"{OVERVIEW}?next=/moderation/").content.decode()
    confirmed = office.post("/compte/verifier/code/", {"code": code_of(secret), "next": "/moderation/"})
    assert confirmed["Location"] == "/moderation/"
    assert decide(office, report).status_code == 302


def test_changing_the_factors_later_asks_for_the_password_again(
    client: Client, bruno: User, clock: time_machine.Traveller
) -> None:
    sign_in(client, bruno)
    add_application(client, clock)
    clock.shift(3600)
    asked = client.get("/compte/second-facteur/application/retirer/")
    assert asked["Location"].startswith("/compte/verifier/")
    assert Authenticator.objects.filter(user=bruno, type="totp").exists()
    answer = client.post(asked["Location"], {"password": factories.PASSWORD})
    assert answer["Location"] == "/compte/second-facteur/application/retirer/"
    client.post("/compte/second-facteur/application/retirer/")
    assert not Authenticator.objects.filter(user=bruno).exists(), "recovery codes alone would open nothing"


def test_the_neighbours_key_does_not_exist_for_me(
    page_as: Callable[[User], Client], bruno: User, chloe: User
) -> None:
    key = Authenticator.objects.create(user=chloe, type="webauthn", data={"name": "clé", "credential": {}})
    client = Client()
    sign_in(client, bruno)
    for method in (client.get, client.post):
        assert method(f"/compte/second-facteur/cles/{key.pk}/retirer/").status_code == 404
    assert Authenticator.objects.filter(pk=key.pk).exists()


@pytest.mark.parametrize(
    "odd",
    ["", "{}", "[]", "1", "null", '"x"', "{", '{"id": 1}', '{"id": "a", "rawId": "é", "response": {}}',
     '{"id":"YQ","rawId":"YQ","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA"}}',
     '{"id":"YQ","rawId":"YQ","type":"public-key","response":{"clientDataJSON":"bm9u","attestationObject":"_w"}}',
     '{"id":"YQ","rawId":"YQ","type":"public-key","response":'
     '{"clientDataJSON":"e30","authenticatorData":"oA","signature":"oA"}}'],
)  # fmt: skip
def test_no_credential_breaks_a_page(
    odd: str, client: Client, bruno: User, clock: time_machine.Traveller
) -> None:
    sign_in(client, bruno)
    client.get("/compte/second-facteur/cle/")
    assert client.post("/compte/second-facteur/cle/", {"name": "x", "credential": odd}).status_code == 200
    assert not Authenticator.objects.filter(user=bruno).exists()
    add_application(client, clock)
    other = Client()
    sign_in(other, bruno)
    other.get(SECOND_STEP)
    assert other.post(SECOND_STEP, {"credential": odd}).status_code == 422
    assert other.get("/moderation/").status_code == 302


@pytest.mark.parametrize(
    "elsewhere", ["https://mechant.example/", "//mechant.example/", "javascript:alert(1)"]
)
def test_it_never_leads_to_another_site(elsewhere: str, client: Client, bruno: User) -> None:
    sign_in(client, bruno)
    client.get(OVERVIEW, {"next": elsewhere})
    assert "mechant" not in client.get(OVERVIEW).content.decode()
    assert "javascript:" not in client.get(OVERVIEW).content.decode()


def test_the_warning_costs_a_constant_number_of_queries(
    client: Client, bruno: User, clock: time_machine.Traveller, django_assert_max_num_queries: Any
) -> None:
    sign_in(client, bruno)
    add_application(client, clock)
    with django_assert_max_num_queries(5):
        client.get("/compte/second-facteur/codes/nouveaux/")

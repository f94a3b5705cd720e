"""Entering by ProConnect: what opens, what does not, and what each lie of a provider meets."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from comptes.models import Notification, User
from contributions.models import Contribution
from territoires.models import Commune
from tests import factories
from tests.comptes.openid import CLIENT_ID, LEAVE, OLD_AUTHLIB, SECRET, Provider, address_in, go_through

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings(OLD_AUTHLIB)]
COMMUNE = "/compte/proconnect/commune/"
# What the provider does wrong → what the log says was wrong: each is refused for its own reason.
FLAWS = {
    "alg-none": "alg",
    "hs256": "alg",
    "wrong-aud": "InvalidAudienceError",
    "wrong-iss": "InvalidIssuerError",
    "wrong-azp": "azp",
    "expired": "ExpiredSignatureError",
    "wrong-nonce": "nonce",
    "no-nonce": "nonce",
    "odd-nonce": "nonce",
    "replayed": "nonce",
    "sub-mismatch": "sub",
    "unknown-kid": "kid",
    "other-key": "InvalidSignatureError",
    "unsigned-userinfo": "userinfo",
    "userinfo-other-key": "InvalidSignatureError",
    "userinfo-alg-none": "alg",
    "userinfo-hs256": "alg",
    "userinfo-wrong-aud": "InvalidAudienceError",
    "userinfo-expired": "ExpiredSignatureError",
    "userinfo-no-exp": "MissingRequiredClaimError",
    "odd-jwks": "jwks",
    "other-issuer": "issuer",
}


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    """One provider for the module: its keys take a second to make."""
    provider = Provider()
    provider.start()
    yield provider
    provider.stop()


@pytest.fixture
def proconnect(running: Provider, settings: Settings) -> Provider:
    """The provider as new, and the site told of it."""
    cache.clear()
    settings.PROCONNECT_ISSUER = running.issuer
    settings.PROCONNECT_CLIENT_ID, settings.PROCONNECT_SECRET = CLIENT_ID, SECRET
    running.reset()
    return running


@pytest.fixture
def linked(bruno: User, proconnect: Provider) -> User:
    """Bruno, whose account ProConnect opens (`test_linking_is_done_from_within` is how)."""
    named = [proconnect.issuer, proconnect.claims["idp_id"], proconnect.claims["sub"]]
    uid = hashlib.sha256(json.dumps(named).encode()).hexdigest()
    SocialAccount.objects.create(user=bruno, provider="proconnect", uid=uid)
    return bruno


def signed_in_as(client: Client) -> str:
    """Whose account this browser is in, "" when in none."""
    found = client.session.get("_auth_user_id")
    return User.objects.get(pk=found).email if found else ""


def test_linking_is_done_from_within(client: Client, bruno: User, proconnect: Provider) -> None:
    client.post("/compte/connexion/", {"login": bruno.email, "password": factories.PASSWORD})
    assert "Relier ProConnect" in client.get("/compte/").content.decode()
    assert go_through(client, proconnect, process="connect")["Location"] == "/compte/"
    assert "ProConnect ouvre ce compte" in client.get("/compte/").content.decode()
    assert Notification.objects.get(template="double-verification").recipient == bruno.email
    other = Client()
    assert go_through(other, proconnect)["Location"] == "/moderation/"
    assert signed_in_as(other) == bruno.email


def test_linking_asks_for_the_password_when_it_was_typed_long_ago(
    page_as: Any, bruno: User, proconnect: Provider
) -> None:
    client = page_as(bruno)
    asked = go_through(client, proconnect, process="connect")
    assert asked["Location"] == "/compte/verifier/"
    assert not SocialAccount.objects.exists()
    client.post(asked["Location"], {"password": factories.PASSWORD})
    assert SocialAccount.objects.get().user == bruno


def test_without_it_nothing_changes(client: Client) -> None:
    assert "ProConnect" not in client.get("/compte/connexion/").content.decode()
    assert client.post(LEAVE).status_code == 404


def test_the_button_shows_where_it_is_on(client: Client, proconnect: Provider) -> None:
    assert "Entrer avec ProConnect" in client.get("/compte/connexion/").content.decode()


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_who_linked_it_enters_and_arrives_where_they_were_going(
    algorithm: str, client: Client, linked: User, proconnect: Provider
) -> None:
    proconnect.algorithm = algorithm
    assert go_through(client, proconnect)["Location"] == "/moderation/"
    assert signed_in_as(client) == linked.email
    assert client.get("/moderation/").status_code == 200
    assert go_through(Client(), proconnect, next="/compte/")["Location"] == "/compte/"


def test_it_asks_for_what_proconnect_knows_and_nothing_else(
    client: Client, proconnect: Provider, settings: Settings
) -> None:
    page = client.post(f"{LEAVE}?scope=phone&auth_params=intrus%3D1&action=reauthenticate")
    asked = dict(parse_qsl(urlsplit(address_in(page.content.decode())).query))
    assert set(asked) == {
        "client_id", "redirect_uri", "scope", "response_type", "state", "nonce", "code_challenge",
        "code_challenge_method",
    }  # fmt: skip
    assert set(asked["scope"].split()) == {
        "openid", "given_name", "usual_name", "email", "uid", "siret", "idp_id",
    }  # fmt: skip
    assert min(len(asked["state"]), len(asked["nonce"])) >= 32
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{settings.PUBLIC_URL}/compte/proconnect/retour/"


def test_pkce_and_levels_are_the_operators_choice(
    client: Client, proconnect: Provider, settings: Settings
) -> None:
    settings.PROCONNECT_PKCE = False
    settings.PROCONNECT_ACR = ["eidas1-mfa"]
    page = client.post(LEAVE)
    asked = dict(parse_qsl(urlsplit(address_in(page.content.decode())).query))
    assert "code_challenge" not in asked
    assert json.loads(asked["claims"])["id_token"]["acr"] == {"essential": True, "values": ["eidas1-mfa"]}


def test_the_departure_sends_no_form_elsewhere(client: Client, proconnect: Provider) -> None:
    """`form-action 'self'` would stop a redirection: a page that leaves does not need one."""
    page = client.post(LEAVE)
    assert page.status_code == 200
    assert "form-action 'self'" in page["Content-Security-Policy"]


@pytest.mark.parametrize(("flaw", "why"), FLAWS.items(), ids=FLAWS)
def test_a_lie_opens_nothing(
    flaw: str,
    why: str,
    client: Client,
    linked: User,
    proconnect: Provider,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Negative control: the same journey without the flaw is the test above."""
    if flaw == "replayed":
        go_through(Client(), proconnect)
    if flaw == "other-issuer":
        proconnect.flaw = flaw
        answer = client.post(LEAVE)
    else:
        page = client.post(LEAVE).content.decode()
        proconnect.flaw = flaw
        answer = come_back(client, proconnect, address_in(page))
    assert answer.status_code == 400
    assert "n&#x27;a pas pu être vérifiée" in answer.content.decode()
    assert signed_in_as(client) == ""
    assert f"ProConnect refused: Unverified {why}\n" in caplog.text
    assert SocialAccount.objects.count() == 1
    assert User.objects.count() == 1


def come_back(client: Client, provider: Provider, address: str, **changed: str) -> Any:
    """Say yes at the provider's and return, the return's parameters changed at will."""
    sub = provider.claims["sub"]
    back = requests.post(address, data={"sub": sub}, allow_redirects=False, timeout=5).headers["Location"]
    return client.get("/compte/proconnect/retour/", dict(parse_qsl(urlsplit(back).query)) | changed)


def test_a_return_that_another_browser_began_opens_nothing(
    client: Client, linked: User, proconnect: Provider
) -> None:
    """Sign-in CSRF: the attacker's code in the victim's browser."""
    address = address_in(client.post(LEAVE).content.decode())
    victim = Client()
    answer = come_back(victim, proconnect, address)
    assert answer.status_code == 400
    assert "autre navigateur" in answer.content.decode()
    assert not answer.cookies
    assert signed_in_as(victim) == ""


def test_a_state_serves_once(client: Client, linked: User, proconnect: Provider) -> None:
    address = address_in(client.post(LEAVE).content.decode())
    back = requests.post(address, data={"sub": "agent-1"}, allow_redirects=False, timeout=5)
    query = dict(parse_qsl(urlsplit(back.headers["Location"]).query))
    assert client.get("/compte/proconnect/retour/", query).status_code == 302
    assert client.get("/compte/proconnect/retour/", query).status_code == 400


def test_a_stolen_code_does_not_serve_without_the_verifier(
    client: Client, linked: User, proconnect: Provider
) -> None:
    address = address_in(client.post(LEAVE).content.decode())
    stolen = requests.post(address, data={"sub": "agent-1"}, allow_redirects=False, timeout=5)
    code = dict(parse_qsl(urlsplit(stolen.headers["Location"]).query))["code"]
    thief = Client()
    mine = address_in(thief.post(LEAVE).content.decode())
    answer = come_back(thief, proconnect, mine, code=code)
    assert answer.status_code == 400
    assert signed_in_as(thief) == ""


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({}, "autre navigateur"),
        ({"code": "x", "state": "é\x00"}, "autre navigateur"),
        ({"error": "access_denied"}, "autre navigateur"),
    ],
)
def test_no_address_breaks_the_return(
    query: dict[str, str], said: str, client: Client, proconnect: Provider
) -> None:
    answer = client.get("/compte/proconnect/retour/", query)
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert not answer.cookies


def test_who_turns_back_is_told_so(client: Client, proconnect: Provider) -> None:
    address = address_in(client.post(LEAVE).content.decode())
    state = dict(parse_qsl(urlsplit(address).query))["state"]
    answer = client.get("/compte/proconnect/retour/", {"error": "access_denied", "state": state})
    assert "interrompu" in answer.content.decode()
    assert signed_in_as(client) == ""


def test_the_address_alone_opens_no_account(client: Client, bruno: User, proconnect: Provider) -> None:
    proconnect.claims["email"] = bruno.email.upper()
    answer = go_through(client, proconnect)
    assert answer.status_code == 403
    assert "Entrez une fois avec son mot de passe" in answer.content.decode()
    assert signed_in_as(client) == ""
    assert not SocialAccount.objects.exists()


def test_the_same_sub_at_another_identity_provider_is_somebody_else(
    client: Client, linked: User, proconnect: Provider
) -> None:
    proconnect.claims["idp_id"] = "idp-mechant"
    proconnect.claims["email"] = linked.email
    assert go_through(client, proconnect).status_code == 403
    assert signed_in_as(client) == ""


def test_one_identity_opens_one_account(
    client: Client, linked: User, chloe: User, proconnect: Provider
) -> None:
    client.post("/compte/connexion/", {"login": chloe.email, "password": factories.PASSWORD})
    answer = go_through(client, proconnect, process="connect")
    assert answer.status_code == 403
    assert "un autre compte" in answer.content.decode()
    assert signed_in_as(client) == chloe.email


def test_a_closed_account_stays_closed(client: Client, linked: User, proconnect: Provider) -> None:
    User.objects.filter(pk=linked.pk).update(is_active=False)
    go_through(client, proconnect)
    assert signed_in_as(client) == ""


def test_its_word_of_two_factors_is_taken_for_that_session_only(
    client: Client, linked: User, proconnect: Provider, second_factor_required: None
) -> None:
    report = factories.ContributionFactory()
    go_through(client, proconnect)
    decision = {"action": "accept", "version": report.version}
    assert client.post(f"/moderation/{report.pk}/", decision).status_code == 403
    proconnect.acr = "eidas1-mfa"
    strong = Client()
    go_through(strong, proconnect)
    assert strong.post(f"/moderation/{report.pk}/", decision).status_code == 302
    assert Contribution.objects.get(pk=report.pk).status == "ACCEPTED"
    other = factories.ContributionFactory()
    by_password = Client()
    by_password.post("/compte/connexion/", {"login": linked.email, "password": factories.PASSWORD})
    decision = {"action": "accept", "version": other.version}
    assert by_password.post(f"/moderation/{other.pk}/", decision).status_code == 403


def test_amr_says_it_too_and_unlinking_takes_it_back(
    client: Client, linked: User, proconnect: Provider, second_factor_required: None
) -> None:
    proconnect.amr = ["pwd", "mfa"]
    go_through(client, proconnect)
    report = factories.ContributionFactory()
    SocialAccount.objects.all().delete()
    decision = {"action": "accept", "version": report.version}
    assert client.post(f"/moderation/{report.pk}/", decision).status_code == 403


def test_a_second_factor_of_ours_is_asked_unless_it_was_shown_there(
    client: Client, linked: User, proconnect: Provider
) -> None:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    TOTP.activate(linked, generate_totp_secret())
    assert go_through(client, proconnect)["Location"] == "/compte/connexion/verification/"
    assert signed_in_as(client) == ""
    proconnect.acr = "eidas1-mfa"
    other = Client()
    assert go_through(other, proconnect)["Location"] == "/moderation/"


def test_signing_out_ends_proconnect_too(client: Client, linked: User, proconnect: Provider) -> None:
    go_through(client, proconnect)
    page = client.post("/compte/deconnexion/")
    assert signed_in_as(client) == ""
    address = address_in(page.content.decode())
    requests.get(address, timeout=5)
    (told,) = proconnect.signed_out
    assert told["id_token_hint"].count(".") == 2
    assert len(told["state"]) >= 32
    assert told["post_logout_redirect_uri"].endswith("/compte/proconnect/deconnecte/")
    assert client.get("/compte/proconnect/deconnecte/", {"state": "x"})["Location"] == "/"


def test_proconnect_down_says_so_and_the_password_still_opens(
    client: Client, bruno: User, proconnect: Provider, settings: Settings
) -> None:
    proconnect.flaw = "no-discovery"
    answer = client.post(LEAVE)
    assert answer.status_code == 503
    assert "ne répond pas" in answer.content.decode()
    settings.PROCONNECT_ISSUER = "http://127.0.0.1:9"
    assert client.post(LEAVE).status_code == 503
    assert client.get("/compte/connexion/").status_code == 200
    answer = client.post("/compte/connexion/", {"login": bruno.email, "password": factories.PASSWORD})
    assert answer.status_code == 302
    assert client.post("/compte/deconnexion/")["Location"] == "/"


def test_little_is_kept_of_the_agent(linked: User, client: Client, proconnect: Provider) -> None:
    go_through(client, proconnect)
    kept = SocialAccount.objects.get(user=linked)
    assert kept.extra_data == {"issuer": proconnect.issuer, "idp_id": "idp-cantal", "sub": "agent-1"}


def test_a_stranger_without_commune_gets_no_account(client: Client, proconnect: Provider, db: None) -> None:
    for claims, said in [
        ({"siret": "13002526500013"}, "pas une commune connue"),
        ({"siret": None}, "pour quelle collectivité"),
        ({"siret": ["21150014500012"]}, "pour quelle collectivité"),
        ({"email": "pas une adresse"}, "adresse électronique"),
    ]:
        proconnect.reset()
        proconnect.claims |= claims
        answer = go_through(client, proconnect)
        assert answer.status_code == 403
        assert said in answer.content.decode()
    assert not User.objects.exists()


def test_the_siren_of_the_epci_opens_no_commune(
    client: Client, proconnect: Provider, aurillac: Commune
) -> None:
    proconnect.claims["siret"] = "24150023000019"
    assert go_through(client, proconnect).status_code == 403

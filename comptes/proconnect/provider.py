"""ProConnect as allauth sees it: an OpenID Connect provider that is strict both ways."""

import hashlib
import json
import logging
from typing import Any

import requests
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.crypto import get_random_string

from comptes.proconnect.refusals import Unreachable, Unverified
from comptes.proconnect.tokens import Identity, read_identity

log = logging.getLogger(__name__)

PROVIDER_ID = "proconnect"
# `phone`, `roles` and the others exist too: not asked for, since nothing here needs them.
SCOPES = ["openid", "given_name", "usual_name", "email", "uid", "siret", "idp_id"]
NONCE_LENGTH = 48
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
MAX_ANSWER = 64 * 1024


class ProConnectClientAdapter(OpenIDConnectOAuth2Adapter):
    """The exchange of one sign-in: discovery, code for tokens, keys, userinfo. All of it is verified."""

    # ProConnect's clients send their secret in the body of the request.
    basic_auth = False
    nonce = ""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request, PROVIDER_ID)

    @property
    def openid_config(self) -> dict[str, Any]:
        """ProConnect's description of itself, fetched once a request. Raises Unreachable, Unverified."""
        if not hasattr(self, "_config"):
            address = f"{settings.PROCONNECT_ISSUER}/.well-known/openid-configuration"
            config = _as_json(fetch(address))
            if config.get("issuer") != settings.PROCONNECT_ISSUER:
                raise Unverified("issuer")
            if not all(isinstance(config.get(name), str) for name in ENDPOINTS):
                raise Unverified("discovery")
            self._config = config
        return self._config

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        """Return the address declared to ProConnect: the instance's own, whatever the Host header says."""
        return settings.PUBLIC_URL + reverse("proconnect-retour")

    def parse_token(self, data: dict[str, Any]) -> SocialToken:
        """Keep the access token for this request only; its odd companions are nobody's business."""
        return SocialToken(token=str(data["access_token"]))

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any
    ) -> SocialLogin:
        """Turn verified tokens into a login. Raises Unverified or Unreachable."""
        keys = _as_json(fetch(self.openid_config["jwks_uri"])).get("keys")
        if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
            raise Unverified("jwks")
        answer = fetch(self.profile_url, headers={"Authorization": f"Bearer {token.token}"})
        if answer.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/jwt":
            raise Unverified("userinfo")
        identity = read_identity(
            id_token=str(kwargs["response"].get("id_token")),
            userinfo=answer.text.strip(),
            nonce=self.nonce,
            keys=keys,
            issuer=settings.PROCONNECT_ISSUER,
            client_id=app.client_id,
        )
        login: SocialLogin = self.get_provider().sociallogin_from_response(request, identity)
        login.identity = identity
        login.end_session = str(self.openid_config.get("end_session_endpoint") or "")
        return login


class ProConnectProvider(OpenIDConnectProvider):
    """Names the account by (issuer, identity provider, sub): an address may change hands."""

    id = PROVIDER_ID
    name = "ProConnect"
    oauth2_adapter_class = ProConnectClientAdapter

    def get_oauth2_adapter(self, request: HttpRequest) -> ProConnectClientAdapter:
        """Return the exchange for this request."""
        return ProConnectClientAdapter(request)

    def extract_uid(self, data: Identity) -> str:
        """Return 64 hexadecimal digits: the three names together may exceed the column."""
        return hashlib.sha256(json.dumps([data.issuer, data.idp_id, data.sub]).encode()).hexdigest()

    def extract_extra_data(self, data: Identity) -> dict[str, str]:
        """Keep what names the account, nothing of the person."""
        return {"issuer": data.issuer, "idp_id": data.idp_id, "sub": data.sub}

    def extract_common_fields(self, data: Identity) -> dict[str, str]:
        """Leave the making of a person to `comptes.proconnect.people`."""
        return {}

    def extract_email_addresses(self, data: Identity) -> list[Any]:
        """Give none: an address links nothing."""
        return []

    def redirect(
        self,
        request: HttpRequest,
        process: str,
        next_url: str | None = None,
        data: Any = None,
        **kwargs: Any,
    ) -> HttpResponse:
        """Lead to ProConnect, with the parameters it knows and no other. Raises Unreachable, Unverified.

        What the visitor's own address says (`scope`, `auth_params`) is not read.
        """
        exchange = self.get_oauth2_adapter(request)
        client = exchange.get_client(request, self.app)
        pkce = self.get_pkce_params()
        nonce = get_random_string(NONCE_LENGTH)
        client.state = self.stash_redirect_state(
            request, process, next_url, pkce_code_verifier=pkce.pop("code_verifier", None), nonce=nonce
        )
        params = {"nonce": nonce, **levels(), **pkce}
        return HttpResponseRedirect(client.get_redirect_url(exchange.authorize_url, SCOPES, params))


def levels() -> dict[str, str]:
    """Return the `claims` parameter that asks for PROCONNECT_ACR, {} when nothing is asked."""
    if not settings.PROCONNECT_ACR:
        return {}
    wanted = {
        "id_token": {
            "amr": {"essential": True},
            "acr": {"essential": True, "values": settings.PROCONNECT_ACR},
        }
    }
    return {"claims": json.dumps(wanted, separators=(",", ":"))}


def fetch(address: str, headers: dict[str, str] | None = None) -> requests.Response:
    """GET `address` through allauth's session (timeout). Raises Unreachable; a huge answer is none."""
    try:
        with get_adapter().get_requests_session() as http:
            answer: requests.Response = http.get(address, headers=headers)
            answer.raise_for_status()
    except requests.RequestException as error:
        log.warning("ProConnect unreachable: %s", type(error).__name__)
        raise Unreachable(type(error).__name__) from error
    if len(answer.content) > MAX_ANSWER:
        raise Unreachable("size")
    return answer


def _as_json(answer: requests.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError as error:
        raise Unverified("json") from error
    if not isinstance(body, dict):
        raise Unverified("json")
    return body

"""A ProConnect of our own: a real OpenID provider on loopback, strict as the State's, that can also lie.

oidc-provider-mock (Flask, Authlib) keeps codes, tokens and sessions; what stands before it adds what
ProConnect does otherwise: unknown parameters refused, long state and nonce, PKCE, tokens signed by
keys with names, and a userinfo that is a signed JWT. `flaw` names one thing to do wrong.
"""

import base64
import hashlib
import hmac
import html
import json
import re
import threading
import time
import warnings
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

with warnings.catch_warnings():
    # The mock still imports a module that Authlib announces the end of, aloud.
    import authlib.deprecate  # noqa: F401  # turns its own warnings on

    warnings.simplefilter("ignore")
    import oidc_provider_mock

CLIENT_ID, SECRET = "reperes-en-essai", "un-secret-pour-les-essais"
KNOWN_PARAMETERS = {
    "client_id", "redirect_uri", "scope", "response_type", "state", "nonce", "claims", "acr_values",
    "code_challenge", "code_challenge_method", "prompt", "login_hint", "siret_hint", "idp_hint",
}  # fmt: skip
CONSENT = """<!DOCTYPE html><html lang="fr"><title>ProConnect en essai</title><link rel="icon" href="data:,">
<form method="post"><label>Agent <input name="sub"></label><button>Continuer</button></form></html>"""
# For the tests' `pytestmark`: what the mock uses of Authlib has a successor since.
OLD_AUTHLIB = "ignore:get_jwt_config:DeprecationWarning"
LEAVE = "/compte/proconnect/"


class Provider:
    """The provider; `claims` is what it says of the agent, `flaw` what it does wrong."""

    def __init__(self) -> None:
        self.reset()
        self._rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._ec = ec.generate_private_key(ec.SECP256R1())
        self._other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._inner = oidc_provider_mock.app()
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def reset(self) -> None:
        """Tell the truth again, of the same agent, and forget what was asked."""
        self.flaw = ""
        self.algorithm = "RS256"
        self.acr, self.amr = "eidas1", ["pwd"]
        self.claims: dict[str, Any] = {
            "sub": "agent-1", "given_name": "Hélène", "usual_name": "Vidal", "uid": "h.vidal",
            "email": "Helene.Vidal@aurillac.example", "siret": "21150014500012", "idp_id": "idp-cantal",
        }  # fmt: skip
        self.asked: list[dict[str, str]] = []
        self.signed_out: list[dict[str, str]] = []
        self._first_id_token = ""
        self._challenges: dict[str, str] = {}

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer nobody any more, the port closed."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        doors = {
            "/oauth2/authorize": self._authorize,
            "/oauth2/token": self._token,
            "/userinfo": self._userinfo,
            "/jwks": self._jwks,
            "/oauth2/end_session": self._end_session,
            "/.well-known/openid-configuration": self._discovery,
        }
        return doors.get(request.path, self._pass)(request)(environ, start_response)

    def _pass(self, request: Request) -> Response:
        return Response.from_app(self._inner, request.environ)

    def _discovery(self, request: Request) -> Response:
        if self.flaw == "no-discovery":
            return Response("Service Unavailable", status=503)
        answer = self._pass(request)
        config = json.loads(answer.get_data())
        if self.flaw == "other-issuer":
            config["issuer"] = "https://mechant.example"
        return Response(json.dumps(config), mimetype="application/json")

    def _authorize(self, request: Request) -> Response:
        asked = request.args.to_dict()
        unknown = set(asked) - KNOWN_PARAMETERS
        if unknown or len(asked.get("state", "")) < 32 or len(asked.get("nonce", "")) < 32:
            return Response(f"Y000400 {sorted(unknown)}", status=400)
        self.asked.append(asked)
        answer = self._pass(request)
        code = parse_qs(urlsplit(answer.headers.get("Location", "")).query).get("code")
        if code:
            self._challenges[code[0]] = asked.get("code_challenge", "")
        # The mock's own page asks the outside for its style.
        return Response(CONSENT, mimetype="text/html") if answer.status_code == 200 else answer

    def _token(self, request: Request) -> Response:
        sent = request.form.to_dict()
        challenge = self._challenges.pop(sent.get("code", ""), "")
        made = base64.urlsafe_b64encode(hashlib.sha256(sent.get("code_verifier", "").encode()).digest())
        if challenge and made.decode().rstrip("=") != challenge:
            return Response('{"error": "invalid_grant"}', status=400, mimetype="application/json")
        if sent.get("client_secret") != SECRET:
            return Response('{"error": "invalid_client"}', status=401, mimetype="application/json")
        answer = self._pass(_again(request, sent))
        body = json.loads(answer.get_data())
        if answer.status_code != 200:
            return Response(json.dumps(body), status=answer.status_code, mimetype="application/json")
        claims = jwt.decode(body["id_token"], options={"verify_signature": False})
        body["id_token"] = self._lie_of_id_token(claims | {"acr": self.acr, "amr": self.amr})
        return Response(json.dumps(body), mimetype="application/json")

    def _lie_of_id_token(self, claims: dict[str, Any]) -> str:
        changes: dict[str, dict[str, Any]] = {
            "wrong-aud": {"aud": "un-autre-site"},
            "wrong-iss": {"iss": "https://mechant.example"},
            "wrong-azp": {"azp": "un-autre-site"},
            "expired": {"exp": int(time.time()) - 120, "iat": int(time.time()) - 300},
            "wrong-nonce": {"nonce": "n" * 48},
            "no-nonce": {"nonce": None},
            "odd-nonce": {"nonce": ["x"]},
        }
        token = self._sign(claims | {"sub": self.claims["sub"]} | changes.get(self.flaw, {}), "id")
        self._first_id_token = self._first_id_token or token
        return self._first_id_token if self.flaw == "replayed" else token

    def _userinfo(self, request: Request) -> Response:
        answer = self._pass(request)
        if answer.status_code != 200:
            return Response(status=answer.status_code)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 60, **self.claims}
        changes: dict[str, dict[str, Any]] = {
            "sub-mismatch": {"sub": "quelqu'un d'autre"},
            "userinfo-wrong-aud": {"aud": "un-autre-site"},
            "userinfo-expired": {"exp": now - 120},
            "userinfo-no-exp": {"exp": None},
        }
        claims |= changes.get(self.flaw, {})
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.flaw == "unsigned-userinfo":
            return Response(json.dumps(claims), mimetype="application/json")
        return Response(self._sign(claims, "userinfo"), mimetype="application/jwt")

    def _sign(self, claims: dict[str, Any], which: str) -> str:
        """Sign as told: `alg-none` and the like lie in the ID token, `userinfo-alg-none` in the other."""
        flaw = self.flaw.removeprefix("userinfo-") if which == "userinfo" else self.flaw
        if which == "userinfo" and flaw == self.flaw:
            flaw = ""
        if flaw == "alg-none":
            return jwt.encode(claims, None, algorithm="none")
        if flaw == "hs256":
            return self._hmac_with_public_key(claims)
        if flaw == "other-key":
            return jwt.encode(claims, self._other, algorithm="RS256", headers={"kid": "rsa"})
        kid = "inconnue" if flaw == "unknown-kid" else {"RS256": "rsa", "ES256": "ec"}[self.algorithm]
        key = self._ec if self.algorithm == "ES256" else self._rsa
        return jwt.encode(claims, key, algorithm=self.algorithm, headers={"kid": kid})

    def _hmac_with_public_key(self, claims: dict[str, Any]) -> str:
        """What a naive client takes for signed: HMAC under the key that everybody can read."""
        secret = self._rsa.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        parts = [{"alg": "HS256", "typ": "JWT", "kid": "rsa"}, claims]
        text = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
        seal = base64.urlsafe_b64encode(hmac.new(secret, text, "sha256").digest()).rstrip(b"=")
        return f"{text.decode()}.{seal.decode()}"

    def _jwks(self, request: Request) -> Response:
        if self.flaw == "odd-jwks":
            return Response('{"keys": [1]}', mimetype="application/json")
        public = [
            json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._rsa.public_key())) | {"kid": "rsa"},
            json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self._ec.public_key())) | {"kid": "ec"},
        ]
        return Response(json.dumps({"keys": public}), mimetype="application/json")

    def _end_session(self, request: Request) -> Response:
        self.signed_out.append(request.args.to_dict())
        known = self._pass(request).status_code == 200
        return Response("Vous êtes sorti." if known else "Inconnu", status=200 if known else 400)


def _again(request: Request, form: dict[str, str]) -> Request:
    """The same request, its body unread: the first reading emptied the stream."""
    from io import BytesIO
    from urllib.parse import urlencode

    body = urlencode(form).encode()
    return Request({**request.environ, "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))})


def address_in(page: str) -> str:
    """The address that a page of departure leads to."""
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page)
    assert found, page
    return html.unescape(found[1])


def go_through(client: Client, provider: Provider, **form: str) -> Any:
    """Leave for ProConnect, say yes there, come back; return the answer to the return."""
    page = client.post(LEAVE, form)
    assert page.status_code == 200, page.content.decode()
    address = address_in(page.content.decode())
    shown = requests.get(address, timeout=5)
    assert shown.status_code == 200, shown.text
    back = requests.post(
        address, data={"sub": provider.claims["sub"]}, allow_redirects=False, timeout=5
    ).headers["Location"]
    parts = urlsplit(back)
    return client.get(parts.path, dict(parse_qsl(parts.query)))

"""The person × route × method matrix, as data: a new route without a row fails the suite.

Each method gives one status per person, in the order of PEOPLE. A method that is not named
does not exist there: 405, or the refusal that comes first, and nothing may change behind it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from tests.factories import SECRET

PEOPLE = ("anonymous", "author", "neighbour", "clerk", "mayor", "epci", "steward", "former")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
EVERYBODY = "200 200 200 200 200 200 200 200"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

World = dict[str, Any]


@dataclass(frozen=True)
class Route:
    """One route: its address arguments, its bodies, and who gets what."""

    args: Callable[[World], list[Any]] = lambda world: []
    body: Callable[[World], Any] = lambda world: {}
    content_type: str = JSON
    headers: Callable[[World], dict[str, str]] = lambda world: {}
    query: str = ""
    allowed: dict[str, str] = field(default_factory=dict)

    def cells(self, method: str) -> dict[str, str]:
        """Return {person: expected status or "-"} for one method."""
        row = self.allowed.get(method)
        values = row.split() if row else ["-"] * len(PEOPLE)
        return dict(zip(PEOPLE, values, strict=True))

    def request(
        self, name: str, method: str, person: str, world: World
    ) -> tuple[str, dict[str, str], str | bytes, str]:
        """Return (url, headers, body, content type); the author alone holds the secret."""
        url = reverse(name, args=self.args(world)) + (self.query if method == "GET" else "")
        headers = dict(self.headers(world))
        if person == "author":
            headers["X-Suivi"] = SECRET
        data: str | bytes = b""
        if method in {"POST", "PUT", "PATCH"}:
            body = self.body(world)
            if isinstance(body, dict):
                held = SECRET if person == "author" else "un-autre-secret-tout-a-fait-faux"
                body = {
                    key: value.replace("{secret}", held) if isinstance(value, str) else value
                    for key, value in body.items()
                }
            if isinstance(body, bytes):
                data = body
            elif self.content_type == JSON:
                data = json.dumps(body)
            else:
                data = urlencode(body, doseq=True)
        return url, headers, data, self.content_type


def public(**more: Any) -> Route:
    """A page or answer that is the same for everybody, read only."""
    return Route(allowed={"GET": EVERYBODY}, **more)


def _waiting(world: World) -> list[Any]:
    return [world["waiting"].pk]


def _decision(world: World) -> dict[str, Any]:
    return {"action": "accept"}


def _new_report(world: World) -> dict[str, Any]:
    return {
        "id": "7b0f6f5e-6d0e-4c7b-9a55-0d4c7ad2b111",
        "secret": SECRET,
        "couche": "zones-blanches",
        "operation": "create",
        "feature": None,
        "geometry": {"type": "Point", "coordinates": [2.44, 44.93]},
        "attributes": {"operators": [{"operator": "20801", "calls": "none"}]},
        "observed_at": "2026-11-01T10:00:00+01:00",
        "accuracy_m": 12.5,
        "position_source": "gps",
        "channel": "web",
        "email": None,
        "challenge": None,
    }


COUCHE = ["zones-blanches"]
# Anonymous people are sent to sign in; officials out of scope do not learn that the object exists.
SIGNED_IN = "302 302 200 200 200 200 200 200"
SIGNED_IN_NONE = "302 302 404 404 404 404 404 404"
ALL_ELSEWHERE = "302 302 302 302 302 302 302 302"
NOWHERE = "404 404 404 404 404 404 404 404"
IN_SCOPE = "302 302 404 200 200 200 404 404"
# The sandbox is each one's own: a real report is in nobody's; an ended mandate opens none.
LEARNERS = "302 302 200 200 200 200 200 403"
NOBODY_S = "302 302 404 404 404 404 404 404"

ROUTES: dict[str, Route] = {
    # --- Everybody -------------------------------------------------------------
    "healthz": public(),
    "readyz": public(),
    "home": public(),
    "communes": public(),
    "commune": public(args=lambda world: ["15014"]),
    "commune-form-pdf": public(args=lambda world: ["15014"]),
    "commune-poster-pdf": public(args=lambda world: ["15014"]),
    "aide": public(),
    "accessibilite": public(),
    "donnees-personnelles": public(),
    "robots": public(),
    "favicon": Route(allowed={"GET": "302 302 302 302 302 302 302 302"}),
    "manifest": public(),
    "sw": public(),
    "api-docs": public(),
    "api-schema": public(),
    "couches": public(),
    "couche": public(args=lambda world: COUCHE),
    "api-couches": public(),
    "api-couche": public(args=lambda world: COUCHE),
    "api-communes": public(query="?lon=2.44&lat=44.93"),
    "api-commune": public(args=lambda world: ["15014"]),
    "register": public(args=lambda world: ["15014"]),
    "register-atom": public(args=lambda world: ["15014"]),
    "api-register": public(args=lambda world: ["15014"]),
    "api-pack": public(args=lambda world: ["15014"]),
    "signaler-formulaires": public(),
    "exports-schema": public(args=lambda world: COUCHE),
    "exports-file": public(args=lambda world: [*COUCHE, "derniere"], query="?format=geojson"),
    "exports-manifest": public(args=lambda world: [*COUCHE, "1"]),
    "exports-delta": public(args=lambda world: [*COUCHE, "2", "1"], query="?format=geojson"),
    # --- Residents -------------------------------------------------------------
    "api-contributions": Route(body=_new_report, allowed={"POST": "201 201 201 201 201 201 201 201"}),
    "api-preview": Route(body=_new_report, allowed={"POST": EVERYBODY}),
    "api-contribution": Route(args=_waiting, allowed={"GET": "404 200 404 200 200 200 404 404"}),
    "api-story": Route(args=_waiting, allowed={"GET": "404 200 404 404 404 404 404 404"}),
    "api-withdraw": Route(args=_waiting, allowed={"POST": "404 200 404 404 404 404 404 404"}),
    "api-answer": Route(
        args=lambda world: [world["returned"].pk],
        body=lambda world: {"attributes": world["returned"].attributes},
        allowed={"POST": "404 200 404 404 404 404 404 404"},
    ),
    "api-correct": Route(
        args=lambda world: [world["fresh"].pk],
        body=lambda world: {"attributes": world["fresh"].attributes | {"place": "vehicle"}},
        allowed={"POST": "404 200 404 404 404 404 404 404"},
    ),
    "api-appeal": Route(
        args=lambda world: [world["rejected"].pk],
        body=lambda world: {"message": "Le point est bien là."},
        allowed={"POST": "404 200 404 404 404 404 404 404"},
    ),
    "api-recover": Route(
        body=lambda world: {"email": "amel@exemple.fr"}, allowed={"POST": "202 202 202 202 202 202 202 202"}
    ),
    "api-contribution-photo": Route(
        args=lambda world: [world["waiting"].pk, 1],
        body=lambda world: world["pixels"],
        content_type="image/png",
        allowed={"PUT": "404 201 404 404 404 404 404 404"},
    ),
    "api-challenge": public(query="?action=contribution&lon=2.44&lat=44.93"),
    # --- Officials, by program ---------------------------------------------------
    "api-desk": Route(allowed={"GET": "401 401 200 200 200 200 200 200"}),
    "api-queue": Route(allowed={"GET": "401 401 200 200 200 200 200 200"}),
    "api-queue-one": Route(args=_waiting, allowed={"GET": "401 401 404 200 200 200 404 404"}),
    "api-decide": Route(
        args=_waiting,
        body=_decision,
        headers=lambda world: {"If-Match": '"1"'},
        allowed={"POST": "401 401 404 403 201 201 404 404"},
    ),
    "api-decide-batch": Route(
        body=lambda world: {
            "mode": "all",
            "decisions": [{"id": str(world["waiting"].pk), "version": 1, "action": "accept"}],
        },
        allowed={"POST": "401 401 409 409 200 200 409 409"},
    ),
    "api-gesture": Route(
        body=lambda world: {
            "id": "6f0c4b1e-52a8-4a7e-8c5d-3f5b1f3f0001",
            "action": "accept",
            "together": True,
            "items": [{"id": str(world["waiting"].pk), "version": 1}],
        },
        allowed={"POST": "401 401 404 403 200 200 404 404"},
    ),
    "api-gesture-undo": Route(
        args=lambda world: ["6f0c4b1e-52a8-4a7e-8c5d-3f5b1f3f0002"],
        allowed={"POST": "401 401 404 404 404 404 404 404"},
    ),
    "api-reasons": Route(query="?couche=zones-blanches", allowed={"GET": "401 401 200 200 200 200 200 200"}),
    "api-publish": Route(
        args=lambda world: COUCHE,
        body=lambda world: {"note": "Matrice"},
        allowed={"POST": "401 401 403 403 403 403 201 403"},
    ),
    "api-revert": Route(
        args=lambda world: [*COUCHE, 1],
        body=lambda world: {"note": "Matrice"},
        allowed={"POST": "401 401 403 403 403 403 201 403"},
    ),
    # --- Officials, by page --------------------------------------------------------
    "moderation-queue": Route(allowed={"GET": SIGNED_IN}),
    "moderation-one": Route(
        args=_waiting,
        body=lambda world: {"action": "accept", "version": 1},
        content_type=FORM,
        allowed={"GET": IN_SCOPE, "POST": "302 302 404 403 302 302 404 404"},
    ),
    "moderation-batch": Route(
        body=lambda world: {"action": "accept", "choix": f"{world['waiting'].pk}:1"},
        content_type=FORM,
        allowed={"POST": "302 302 200 200 200 200 200 200"},
    ),
    "moderation-gesture": Route(
        body=lambda world: {"action": "accept", "choix": f"{world['waiting'].pk}:1"},
        content_type=FORM,
        allowed={"POST": "302 302 404 403 302 302 404 404"},
    ),
    "moderation-undo": Route(
        args=lambda world: ["6f0c4b1e-52a8-4a7e-8c5d-3f5b1f3f0002"],
        content_type=FORM,
        allowed={"POST": "302 302 302 302 302 302 302 302"},
    ),
    "moderation-filters": Route(
        body=lambda world: {"name": "Matrice", "query": "status=tous"},
        content_type=FORM,
        allowed={"POST": "302 302 302 302 302 302 302 302"},
    ),
    "moderation-filter-rename": Route(
        args=lambda world: [world["filter"].pk],
        body=lambda world: {"name": "Matrice"},
        content_type=FORM,
        allowed={"POST": "302 302 404 404 302 404 404 404"},
    ),
    "moderation-filter-delete": Route(
        args=lambda world: [world["filter"].pk],
        content_type=FORM,
        allowed={"POST": "302 302 404 404 302 404 404 404"},
    ),
    "moderation-photo": Route(args=lambda world: [world["photo"].pk], allowed={"GET": IN_SCOPE}),
    # Whoever holds a mailed link acts as the person it was written to, signed in or not.
    "moderation-link": Route(
        args=lambda world: [world["link"]],
        body=lambda world: {"action": "accept"},
        content_type=FORM,
        allowed={"GET": EVERYBODY, "POST": EVERYBODY},
    ),
    "moderation-link-photo": Route(args=lambda world: [world["link"], 2], allowed={"GET": EVERYBODY}),
    "moderation-mail": Route(
        body=lambda world: {f"mandat-{world['mandate'].pk}": "daily"},
        content_type=FORM,
        # Somebody else's mandate is no answer to one's own question.
        allowed={"GET": SIGNED_IN, "POST": "302 302 422 422 302 422 302 302"},
    ),
    "moderation-mail-stop": Route(
        args=lambda world: [world["stop"]],
        content_type=FORM,
        allowed={"GET": EVERYBODY, "POST": EVERYBODY},
    ),
    "moderation-publication": Route(allowed={"GET": "302 302 403 403 403 403 200 403"}),
    "moderation-publish": Route(
        args=lambda world: COUCHE,
        body=lambda world: {"note": "Matrice"},
        content_type=FORM,
        allowed={"POST": "302 302 403 403 403 403 302 403"},
    ),
    "moderation-revert": Route(
        args=lambda world: [*COUCHE, 1],
        body=lambda world: {"note": "Matrice"},
        content_type=FORM,
        allowed={"POST": "302 302 403 403 403 403 302 403"},
    ),
    "moderation-features": Route(allowed={"GET": SIGNED_IN}),
    "moderation-feature": Route(
        args=lambda world: [world["place"].row.feature_id],
        body=lambda world: {
            "a-kind": "cafe",
            "a-nom": "Le Relais",
            "a-adresse": "3 place du Square",
            "base": world["place"].token,
            "id": "7b0f6f5e-6d0e-4c7b-9a55-0d4c7ad2b222",
        },
        content_type=FORM,
        allowed={"GET": IN_SCOPE, "POST": "302 302 404 302 302 302 404 404"},
    ),
    "moderation-reasons": Route(allowed={"GET": "302 302 200 403 200 200 403 403"}),
    "moderation-reason-new": Route(
        query="?territoire=commune:15014",
        body=lambda world: {"label": "Chez nous", "public_text": "Voyez la mairie.", "actions": ["reject"]},
        content_type=FORM,
        # Without a territory in the address, one's own: the first.
        allowed={"GET": "302 302 403 403 200 403 403 403", "POST": "302 302 302 403 302 302 403 403"},
    ),
    "moderation-reason": Route(
        args=lambda world: [world["reason"].pk],
        body=lambda world: {"label": "Chez nous", "public_text": "Voyez la mairie.", "actions": ["reject"]},
        content_type=FORM,
        allowed={"GET": "302 302 404 404 200 404 404 404", "POST": "302 302 404 404 302 404 404 404"},
    ),
    "ateliers": Route(
        body=lambda world: {"label": "Classe de CM2", "hours": "3", "max_uses": "60"},
        content_type=FORM,
        allowed={"GET": "302 302 200 200 200 200 403 403", "POST": "302 302 200 200 200 200 403 403"},
    ),
    "ateliers-fin": Route(
        args=lambda world: [world["workshop"].pk],
        content_type=FORM,
        allowed={"POST": "302 302 404 404 302 404 404 404"},
    ),
    "pauses": Route(
        body=lambda world: {
            "extent": "commune",
            "commune": "15014",
            "mode": "slow",
            "reason_code": "autre",
            "message": "Matrice",
            "ends_on": f"{timezone.localdate():%Y-%m-%d}",
            "etape": "ouvrir",
        },
        content_type=FORM,
        allowed={"GET": "302 302 200 403 200 200 403 403", "POST": "302 302 422 403 302 302 403 403"},
    ),
    "pauses-fin": Route(
        args=lambda world: [world["pause"].pk],
        content_type=FORM,
        allowed={"POST": "302 302 404 403 302 302 403 403"},
    ),
    # --- The sandbox: everybody with a live mandate has their own, empty here; see tests/security/test_sandbox.py
    "bac-a-sable": Route(allowed={"GET": LEARNERS}),
    "bac-a-sable-one": Route(
        args=_waiting,
        body=lambda world: {"action": "accept", "version": 1},
        content_type=FORM,
        allowed={"GET": NOBODY_S, "POST": NOBODY_S},
    ),
    "bac-a-sable-lot": Route(
        body=lambda world: {"action": "accept", "choix": f"{world['waiting'].pk}:1"},
        content_type=FORM,
        allowed={"POST": SIGNED_IN},
    ),
    "bac-a-sable-photo": Route(args=lambda world: [world["photo"].pk], allowed={"GET": NOBODY_S}),
    "bac-a-sable-geste": Route(
        body=lambda world: {"action": "accept", "choix": f"{world['waiting'].pk}:1"},
        content_type=FORM,
        allowed={"POST": NOBODY_S},
    ),
    "bac-a-sable-annulation": Route(
        args=lambda world: ["4b3f2c4e-0000-4000-8000-000000000001"],
        content_type=FORM,
        allowed={"POST": "302 302 302 302 302 302 302 302"},
    ),
    "bac-a-sable-reset": Route(content_type=FORM, allowed={"POST": "302 302 302 302 302 302 302 403"}),
    "bac-a-sable-visite": Route(
        body=lambda world: {"geste": "commencer"},
        content_type=FORM,
        allowed={"GET": LEARNERS, "POST": "302 302 302 302 302 302 302 403"},
    ),
    "api-bac-a-sable-geste": Route(
        body=lambda world: {
            "id": "4b3f2c4e-0000-4000-8000-000000000001",
            "action": "accept",
            "items": [{"id": str(world["waiting"].pk), "version": 1}],
        },
        allowed={"POST": "401 401 200 200 200 200 200 200"},
    ),
    "api-bac-a-sable-annulation": Route(
        args=lambda world: ["4b3f2c4e-0000-4000-8000-000000000001"],
        allowed={"POST": "401 401 404 404 404 404 404 404"},
    ),
    "aide-mairie": public(),
    "aide-mairie-pdf": public(),
    # --- Accounts --------------------------------------------------------------------
    "compte": Route(allowed={"GET": SIGNED_IN}),
    "compte_jeton_creer": Route(
        body=lambda world: {"name": "Matrice"},
        content_type=FORM,
        allowed={"POST": "302 302 200 200 200 200 200 200"},
    ),
    "compte_jeton_revoquer": Route(
        args=lambda world: ["0" * 64], content_type=FORM, allowed={"POST": "302 302 404 404 404 404 404 404"}
    ),
    "account_login": Route(
        body=lambda world: {"login": "inconnu@reperes.demo", "password": "faux-mot-de-passe"},
        content_type=FORM,
        allowed={"GET": "200 200 302 302 302 302 302 302", "POST": "200 200 302 302 302 302 302 302"},
    ),
    "account_logout": Route(content_type=FORM, allowed={"POST": "302 302 302 302 302 302 302 302"}),
    "account_inactive": public(),
    "account_reset_password": Route(
        body=lambda world: {"email": "inconnu@reperes.demo"},
        content_type=FORM,
        allowed={"GET": EVERYBODY, "POST": "302 302 302 302 302 302 302 302"},
    ),
    "account_reset_password_done": public(),
    "account_reset_password_from_key": Route(
        args=lambda world: ["1", "set-password"],
        content_type=FORM,
        allowed={"GET": EVERYBODY, "POST": EVERYBODY},
    ),
    "account_reset_password_from_key_done": public(),
    "account_change_password": Route(
        body=lambda world: {"oldpassword": "faux", "password1": "x", "password2": "y"},
        content_type=FORM,
        allowed={"GET": SIGNED_IN, "POST": SIGNED_IN},
    ),
    "account_set_password": Route(
        content_type=FORM,
        allowed={"GET": "302 302 302 302 302 302 302 302", "POST": "302 302 302 302 302 302 302 302"},
    ),
    # --- Teams: the mayor of the matrix also grants roles in Aurillac ------------------
    "equipe": Route(allowed={"GET": "302 302 403 403 200 403 403 403"}),
    "equipe-inviter": Route(
        body=lambda world: {"email": "nouvelle@exemple.fr", "role": "clerk", "territoire": "commune:15014"},
        content_type=FORM,
        allowed={"POST": "302 302 403 403 302 403 403 403"},
    ),
    "equipe-annuler": Route(
        args=lambda world: [world["invitation"].pk],
        content_type=FORM,
        allowed={"POST": "302 302 404 404 302 404 404 404"},
    ),
    "equipe-approuver": Route(
        args=lambda world: [world["invitation"].pk],
        content_type=FORM,
        allowed={"POST": "302 302 404 404 302 404 404 404"},
    ),
    "equipe-fin": Route(
        args=lambda world: [world["clerk_mandate"].pk],
        content_type=FORM,
        allowed={"GET": "302 302 404 200 200 404 404 404", "POST": "302 302 404 302 302 404 404 404"},
    ),
    "equipe-confirmer": Route(content_type=FORM, allowed={"POST": "302 302 403 403 302 403 403 403"}),
    "equipe-revendiquer": public(),
    "equipe-commune": public(args=lambda world: ["15014"]),
    # Aurillac has its people: no code leaves, the request goes to them.
    "equipe-demander-code": Route(
        args=lambda world: ["15014"],
        content_type=FORM,
        allowed={"POST": "409 409 409 409 409 409 409 409"},
    ),
    "equipe-demander-acces": Route(
        args=lambda world: ["15014"],
        body=lambda world: {"name": "Paul Serre", "email": "paul@exemple.fr", "words": ""},
        content_type=FORM,
        allowed={"POST": EVERYBODY},
    ),
    "equipe-code": Route(
        args=lambda world: [world["claim"].pk],
        body=lambda world: {
            "code": "AAAABBBB",
            "name": "Paul",
            "email": "paul@exemple.fr",
            "password": "trois petits chats",
        },
        content_type=FORM,
        allowed={"GET": EVERYBODY, "POST": "422 422 422 422 422 422 422 422"},
    ),
    "equipe-contester": Route(
        args=lambda world: [world["contest"]],
        content_type=FORM,
        allowed={"GET": EVERYBODY, "POST": EVERYBODY},
    ),
    "invitation": Route(
        args=lambda world: [world["invitation_token"]],
        body=lambda world: {"name": "Paul Serre", "password": "trois petits chats"},
        content_type=FORM,
        allowed={"GET": EVERYBODY, "POST": "200 200 403 403 403 403 403 403"},
    ),
    "attestation": Route(
        args=lambda world: [world["attestation"]],
        content_type=FORM,
        allowed={"GET": EVERYBODY, "POST": EVERYBODY},
    ),
    "compte-absence": Route(
        body=lambda world: {
            "mandate": world["mayor_mandate"].pk,
            "email": "paul@exemple.fr",
            "first_day": timezone.localdate().isoformat(),
            "last_day": timezone.localdate().isoformat(),
        },
        content_type=FORM,
        allowed={"GET": "302 302 200 403 200 200 403 403", "POST": "302 302 422 403 302 422 403 403"},
    ),
    "compte-confirmer": Route(content_type=FORM, allowed={"POST": SIGNED_IN.replace("200", "302")}),
    # --- Second factor -------------------------------------------------------------------
    "mfa_index": Route(allowed={"GET": SIGNED_IN}),
    # People of this matrix signed in without a password typed just now: they are asked for it first.
    "mfa_activate_totp": Route(
        body=lambda world: {"code": "000000"},
        content_type=FORM,
        allowed={"GET": ALL_ELSEWHERE, "POST": ALL_ELSEWHERE},
    ),
    "mfa_deactivate_totp": Route(content_type=FORM, allowed={"GET": SIGNED_IN_NONE, "POST": SIGNED_IN_NONE}),
    "mfa_add_webauthn": Route(
        body=lambda world: {"name": "x", "credential": "{}"},
        content_type=FORM,
        allowed={"GET": ALL_ELSEWHERE, "POST": ALL_ELSEWHERE},
    ),
    "mfa_remove_webauthn": Route(
        args=lambda world: [1], content_type=FORM, allowed={"GET": ALL_ELSEWHERE, "POST": ALL_ELSEWHERE}
    ),
    "mfa_view_recovery_codes": Route(allowed={"GET": SIGNED_IN_NONE}),
    "mfa_generate_recovery_codes": Route(
        content_type=FORM, allowed={"GET": ALL_ELSEWHERE, "POST": ALL_ELSEWHERE}
    ),
    "mfa_authenticate": Route(
        body=lambda world: {"code": "000000"},
        content_type=FORM,
        allowed={"GET": ALL_ELSEWHERE, "POST": ALL_ELSEWHERE},
    ),
    "account_reauthenticate": Route(
        body=lambda world: {"password": "faux"},
        content_type=FORM,
        allowed={"GET": SIGNED_IN, "POST": SIGNED_IN},
    ),
    # Who has no factor yet is led to the password.
    "mfa_reauthenticate": Route(
        body=lambda world: {"code": "000000"},
        content_type=FORM,
        allowed={"GET": ALL_ELSEWHERE, "POST": ALL_ELSEWHERE},
    ),
    "mfa_reauthenticate_webauthn": Route(
        body=lambda world: {"credential": "{}"},
        content_type=FORM,
        allowed={"GET": ALL_ELSEWHERE, "POST": ALL_ELSEWHERE},
    ),
    # --- ProConnect, off: no such address (tests/comptes/test_proconnect*.py turn it on) ---
    "proconnect": Route(content_type=FORM, allowed={"POST": NOWHERE}),
    "proconnect-retour": Route(query="?code=x&state=y", allowed={"GET": NOWHERE}),
    "proconnect-commune": Route(content_type=FORM, allowed={"GET": NOWHERE, "POST": NOWHERE}),
    "proconnect-deconnecte": Route(query="?state=x", allowed={"GET": NOWHERE}),
    # --- Residents, by page --------------------------------------------------------------
    "signaler": Route(
        body=lambda world: {"couche": "zones-blanches"},
        content_type=FORM,
        allowed={"GET": EVERYBODY, "POST": "400 400 400 400 400 400 400 400"},
    ),
    "suivi": Route(
        body=lambda world: {"code": f"{world['waiting'].pk}." + "{secret}"},
        content_type=FORM,
        allowed={"GET": EVERYBODY, "POST": "404 200 404 404 404 404 404 404"},
    ),
    "suivi-retrait": Route(
        body=lambda world: {"code": f"{world['waiting'].pk}." + "{secret}"},
        content_type=FORM,
        allowed={"POST": "404 200 404 404 404 404 404 404"},
    ),
    "suivi-reponse": Route(
        body=lambda world: {
            "code": f"{world['returned'].pk}." + "{secret}",
            "message": "Du côté de la rivière.",
        },
        content_type=FORM,
        # The couche's own questions are missing: refused, but the author is known.
        allowed={"POST": "404 422 404 404 404 404 404 404"},
    ),
    "suivi-correction": Route(
        body=lambda world: {"code": f"{world['fresh'].pk}." + "{secret}", "observed_on": "2026-11-01"},
        content_type=FORM,
        allowed={"POST": "404 422 404 404 404 404 404 404"},
    ),
    "suivi-retrouver": Route(
        body=lambda world: {"email": "amel@exemple.fr"}, content_type=FORM, allowed={"POST": EVERYBODY}
    ),
    "suivi-recours": Route(
        body=lambda world: {
            "code": f"{world['rejected'].pk}." + "{secret}",
            "message": "Le point est bien là.",
        },
        content_type=FORM,
        allowed={"POST": "404 200 404 404 404 404 404 404"},
    ),
    # --- The register by e-mail: whoever holds the link of a letter acts, by POST only ---------
    "register-subscribe": Route(
        args=lambda world: ["15014"],
        body=lambda world: {"email": "amel@exemple.fr", "frequency": "weekly"},
        content_type=FORM,
        allowed={"POST": EVERYBODY},
    ),
    "subscription-confirm": Route(
        args=lambda world: [world["confirm_token"]],
        content_type=FORM,
        allowed={"GET": EVERYBODY, "POST": EVERYBODY},
    ),
    "subscription-end": Route(
        args=lambda world: [world["end_token"]],
        content_type=FORM,
        allowed={"GET": EVERYBODY, "POST": EVERYBODY},
    ),
    "moderation-register": Route(
        args=lambda world: ["15014"],
        body=lambda world: {"decision": world["refusal"].pk, "why": "personal"},
        content_type=FORM,
        allowed={"GET": "302 302 404 403 200 200 404 404", "POST": "302 302 404 403 302 302 404 404"},
    ),
}

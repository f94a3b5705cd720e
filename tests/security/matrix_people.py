"""The matrix, people: accounts, teams, second factor, residents' own pages."""

from django.utils import timezone

from tests.security.matrix_route import (
    ALL_ELSEWHERE,
    EVERYBODY,
    FORM,
    NOWHERE,
    SIGNED_IN,
    SIGNED_IN_NONE,
    Route,
    public,
)

PEOPLE_ROUTES: dict[str, Route] = {
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

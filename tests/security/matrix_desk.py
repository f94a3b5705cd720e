"""The matrix, officials by page: the desk, its sandbox."""

from django.utils import timezone

from tests.security.matrix_route import (
    COUCHE,
    EVERYBODY,
    FORM,
    IN_SCOPE,
    LEARNERS,
    NOBODY_S,
    SIGNED_IN,
    Route,
    _waiting,
    public,
)

DESK: dict[str, Route] = {
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
}

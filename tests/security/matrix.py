"""The person × route × method matrix, as data: a new route without a row fails the suite.

Each method gives one status per person, in the order of PEOPLE. A method that is not named
does not exist there: 405, or the refusal that comes first, and nothing may change behind it.
"""

from tests.security.matrix_desk import DESK
from tests.security.matrix_imports import IMPORTS
from tests.security.matrix_layers import LAYERS
from tests.security.matrix_people import PEOPLE_ROUTES
from tests.security.matrix_route import (
    COUCHE,
    EVERYBODY,
    FORM,
    JSON,
    METHODS,
    PEOPLE,
    Route,
    _decision,
    _new_report,
    _waiting,
    public,
)

__all__ = ["FORM", "JSON", "METHODS", "PEOPLE", "ROUTES", "Route"]

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
    "feature": public(args=lambda world: [*COUCHE, world["published_number"]]),
    "couche-points": public(args=lambda world: COUCHE, query="?bbox=2.3,44.8,2.6,45&zoom=12"),
    "tile": public(args=lambda world: [*COUCHE, "1", "12", "2075", "1474"]),
    "tilejson": public(args=lambda world: [*COUCHE, "derniere"]),
    "couche-versions": public(args=lambda world: COUCHE),
    "couche-compare": Route(
        args=lambda world: COUCHE, query="?de=1&a=2", allowed={"GET": "302 302 302 302 302 302 302 302"}
    ),
    "couche-version": public(args=lambda world: [*COUCHE, 1]),
    "couche-differences": public(args=lambda world: [*COUCHE, 2, 1]),
    "api-couches": public(),
    "api-couche": public(args=lambda world: COUCHE),
    "api-communes": public(query="?lon=2.44&lat=44.93"),
    "api-commune": public(args=lambda world: ["15014"]),
    "register": public(args=lambda world: ["15014"]),
    "register-atom": public(args=lambda world: ["15014"]),
    "api-register": public(args=lambda world: ["15014"]),
    "api-pack": public(args=lambda world: ["15014"]),
    "signaler-formulaires": public(),
    "exports-lot": Route(
        query="?territoire=commune:15014&format=geojson", allowed={"GET": " ".join(["202"] * 8)}
    ),
    "exports-build": Route(args=lambda world: ["0" * 32], allowed={"GET": " ".join(["404"] * 8)}),
    "exports-schema": public(args=lambda world: COUCHE),
    "exports-file": public(args=lambda world: [*COUCHE, "derniere"], query="?format=geojson"),
    "exports-manifest": public(args=lambda world: [*COUCHE, "1"]),
    "exports-fingerprint": public(args=lambda world: [*COUCHE, "1"]),
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
    **LAYERS,
    **IMPORTS,
    **DESK,
    **PEOPLE_ROUTES,
}

"""The matrix's rows for files on their way in: who may import somewhere, each one's own."""

from typing import Any

from tests.security.matrix_route import Route, World

MULTIPART = "multipart/form-data; boundary=limite"
FILE = (
    b'--limite\r\nContent-Disposition: form-data; name="couche"\r\n\r\nservices\r\n'
    b'--limite\r\nContent-Disposition: form-data; name="fichier"; filename="l.csv"\r\n\r\n'
    b"nom;kind;longitude;latitude\r\nA;cafe;2,44;44,93\r\n\r\n--limite--\r\n"
)
# Whoever decides, enters or publishes imports; a mandate that ended opens nothing.
IMPORTERS = "302 302 200 200 200 200 200 403"
MINE = "302 302 404 404 200 404 404 403"
API_MINE = "401 401 404 404 200 404 404 403"


def _import(world: World) -> list[Any]:
    return [world["import"].pk]


IMPORTS: dict[str, Route] = {
    "imports": Route(
        body=lambda world: FILE,
        content_type=MULTIPART,
        allowed={"GET": IMPORTERS, "POST": "302 302 302 302 302 302 302 403"},
    ),
    "import": Route(
        args=_import,
        body=lambda world: {"geste": "decrire", "col_0": "f:nom", "match": "none"},
        content_type="application/x-www-form-urlencoded",
        # No place among the columns: the form comes back.
        allowed={"GET": MINE, "POST": "302 302 404 404 422 404 404 403"},
    ),
    "import-erreurs": Route(args=_import, allowed={"GET": "302 302 404 404 404 404 404 403"}),
    "import-effacer": Route(
        args=_import,
        content_type="application/x-www-form-urlencoded",
        allowed={"POST": "302 302 404 404 302 404 404 403"},
    ),
    "api-imports": Route(
        body=lambda world: FILE,
        content_type=MULTIPART,
        allowed={"GET": "401 401 200 200 200 200 200 403", "POST": "401 401 201 201 201 201 201 403"},
    ),
    "api-import": Route(
        args=_import,
        body=lambda world: {"match": "none"},
        allowed={"GET": API_MINE, "PATCH": API_MINE, "DELETE": "401 401 404 404 204 404 404 403"},
    ),
    "api-import-trial": Route(args=_import, allowed={"POST": "401 401 404 404 202 404 404 403"}),
    "api-import-run": Route(args=_import, allowed={"POST": "401 401 404 404 409 404 404 403"}),
    "api-import-errors": Route(args=_import, allowed={"GET": "401 401 404 404 404 404 404 403"}),
}

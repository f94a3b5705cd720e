"""What a file will weigh: exactly when it is built, else by what its like weighed per row."""

from functools import lru_cache

from psycopg import sql

from couches.columns import columns_of
from couches.models import CoucheVersion
from couches.reading import reader
from exports.demands import recipe
from exports.formats import FORMATS, Format
from exports.models import ExportFile
from exports.rows import Selection, count, csv_rows, geojson_rows, step_end

# Enough rows for their mean to be that of the couche.
SAMPLE_ROWS = 500
# Below, a file is mostly its headers: what it says of a row's weight is wrong.
FEWEST_ROWS = 20


def row_count(selection: Selection) -> int:
    """Return the number of rows of a selection."""
    if selection.territory is None and selection.legal_srid is None:
        return selection.version.feature_count
    with reader().cursor() as cursor:
        cursor.execute(count(selection))
        return int(cursor.fetchone()[0])


def built_size(version: CoucheVersion, form: Format) -> int | None:
    """Return the bytes of the whole version in its most asked projection, if that file is built."""
    found = ExportFile.objects.filter(
        version=version, format=form.name, territory="", recipe=recipe(version)
    ).order_by("-crs")
    return found.values_list("size", flat=True).first()


def expected_size(version: CoucheVersion, form: Format, rows: int) -> int | None:
    """Return about how many bytes `rows` rows weigh: by past files of the couche, else by its CSV.

    A file has a weight of its own before any row: most couches of a commune are lighter than it.
    """
    past = (
        ExportFile.objects.filter(
            version__couche_id=version.couche_id, format=form.name, feature_count__gte=FEWEST_ROWS
        )
        .order_by("-built_at")
        .values_list("size", "feature_count")
        .first()
    )
    if past is not None:
        return form.empty + round(max(past[0] - form.empty, 0) / past[1] * rows)
    name = form.name if form.streamed else "csv"
    per_row = sampled_row(version, name, recipe(version))
    if per_row is None:
        return None
    return form.empty + round(per_row * rows * (1 if form.streamed else form.per_csv))


def sampled_row(version: CoucheVersion, name: str, made_by: str) -> float | None:
    """Return the mean bytes of a row streamed as `name`, by the first rows; None when there is none."""
    return _sampled(version.pk, version.sha256, name, made_by)


@lru_cache(maxsize=256)
def _sampled(pk: int, _sha256: str, name: str, _made_by: str) -> float | None:
    version = CoucheVersion.objects.select_related("couche").get(pk=pk)
    columns = columns_of(version.couche)
    selection = Selection(version)
    with reader().cursor() as cursor:
        cursor.execute(step_end(selection, 0, SAMPLE_ROWS))
        found = cursor.fetchone()
        step = Selection(version, after=0, until=found[0] if found else None)
        rows = geojson_rows(step, columns) if name == "geojson" else csv_rows(step, columns, "legal")
        # A row as text has a comma between its values and two marks around: as many bytes as a CSV has.
        shape = "{} FROM ({{}}) r(line)" if name == "geojson" else "{} FROM ({{}}) line"
        weigh = sql.SQL(shape.format("SELECT avg(octet_length(line::text))")).format(rows)
        cursor.execute(weigh)
        mean = cursor.fetchone()[0]
    return None if mean is None else float(mean)


def weights(version: CoucheVersion) -> dict[str, tuple[int | None, bool]]:
    """Return, for each format, the bytes of the whole version and whether they are exact."""
    found: dict[str, tuple[int | None, bool]] = {}
    for name, form in FORMATS.items():
        exact = None if form.streamed else built_size(version, form)
        if exact is not None:
            found[name] = (exact, True)
        else:
            found[name] = (expected_size(version, form, version.feature_count), False)
    return found

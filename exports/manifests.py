"""The manifest of a version: what it is, what it weighs, where to take it, how to check it."""

import datetime as dt
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode

from couches.models import CoucheVersion
from exports.demands import recipe
from exports.formats import FORMATS
from exports.models import ExportFile
from exports.projections import WGS84

# Files of one version restricted to territories can be many: the latest are listed.
MAX_LISTED = 200


def manifest(version: CoucheVersion, base_url: str) -> dict[str, Any]:
    """Return the manifest document; `base_url` is the site's, without final slash."""
    couche = version.couche
    previous = couche.versions.filter(number__lt=version.number).order_by("-number").first()
    return {
        "couche": couche.slug,
        "title": couche.title,
        "number": version.number,
        "published_at": version.published_at.astimezone(dt.UTC).isoformat(),
        "feature_count": version.feature_count,
        "sha256": version.sha256,
        "changes": version.changes,
        "reverts_to": version.reverts_to,
        "previous": previous and {
            "number": previous.number,
            "sha256": previous.sha256,
            "href": base_url + reverse("exports-manifest", args=[couche.slug, previous.number]),
            "delta": base_url + reverse("exports-delta", args=[couche.slug, version.number, previous.number])
            + "?format=geojson",
        },
        # From the version the reader has, in place of {since}; 0 is the empty couche.
        "deltas": base_url
        + reverse("exports-delta", args=[couche.slug, version.number, "SINCE"]).replace("SINCE", "{since}")
        + "?format=geojson",
        "check": base_url + reverse("exports-fingerprint", args=[couche.slug, version.number]),
        "licence": couche.licence,
        "crs": f"EPSG:{WGS84}",
        "schema": base_url + reverse("exports-schema", args=[couche.slug]),
        "files": _files(version, base_url),
    }  # fmt: skip


def _files(version: CoucheVersion, base_url: str) -> list[dict[str, Any]]:
    """Return the streamed formats, the built files with their hash, then what can be asked for."""
    built = list(
        ExportFile.objects.filter(version=version, recipe=recipe(version)).order_by(
            "territory", "format", "crs"
        )[:MAX_LISTED]
    )
    met = {row.format for row in built if not row.territory}
    files = [_entry(version, base_url, name) for name, form in FORMATS.items() if form.streamed]
    files += [_entry(version, base_url, row.format, row) for row in built]
    files += [
        _entry(version, base_url, name)
        for name, form in FORMATS.items()
        if not form.streamed and name not in met
    ]
    return files


def _entry(version: CoucheVersion, base_url: str, name: str, row: ExportFile | None = None) -> dict[str, Any]:
    form = FORMATS[name]
    query = {"format": name}
    if row is not None:
        query |= {"crs": row.crs}
        query |= {"territoire": row.territory} if row.territory else {}
    crs = f"EPSG:{WGS84}" if form.wgs84_only else "legal"
    if row is not None and row.crs.isdigit():
        crs = f"EPSG:{row.crs}"
    return {
        "href": f"{base_url}{reverse('exports-file', args=[version.couche.slug, version.number])}?{urlencode(query)}",
        "format": name,
        "media_type": form.media_type,
        "crs": crs,
        "territoire": row.territory or None if row else None,
        "status": "construit" if row else ("immediat" if form.streamed else "a-la-demande"),
        "size": row.size if row else None,
        "sha256": row.sha256 if row else None,
        "feature_count": row.feature_count if row else version.feature_count,
    }

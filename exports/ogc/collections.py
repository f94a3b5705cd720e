"""What a collection is: a couche at its version in force, or at one version for ever."""

import re
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound

from couches.columns import Column, columns_of
from couches.models import Couche, CoucheVersion
from couches.reading import reader
from exports.ogc.crs import offered
from exports.rows import Selection, legal_srids

_IDENTIFIER = re.compile(r"(?P<slug>[a-z0-9-]{1,40})(?::v(?P<number>[1-9][0-9]{0,8}))?")


@dataclass(frozen=True)
class Collection:
    """A collection: `pinned` when its identifier names the version, which then never changes."""

    version: CoucheVersion
    pinned: bool

    @property
    def couche(self) -> Couche:
        """The couche it shows."""
        return self.version.couche

    @property
    def identifier(self) -> str:
        """Return "zones-blanches" or "zones-blanches:v3"."""
        return self.pinned_identifier if self.pinned else self.couche.slug

    @property
    def pinned_identifier(self) -> str:
        """Return the identifier that names the version."""
        return f"{self.couche.slug}:v{self.version.number}"

    @property
    def title(self) -> str:
        """Return what people call it."""
        if not self.pinned:
            return self.couche.title
        return _("%(couche)s, version %(number)d") % {
            "couche": self.couche.title,
            "number": self.version.number,
        }

    @cached_property
    def columns(self) -> list[Column]:
        """The properties of its items."""
        return columns_of(self.couche)

    @cached_property
    def legal(self) -> set[int]:
        """The legal CRS of the territories where it has points (one query)."""
        with reader().cursor() as cursor:
            cursor.execute(legal_srids(Selection(self.version)))
            return {row[0] for row in cursor.fetchall()}

    @property
    def crs(self) -> list[str]:
        """The addresses of the CRS it offers."""
        return offered(self.legal)


def find_collection(identifier: str) -> Collection:
    """Return a collection by its identifier. Raises NotFound, whatever the text is."""
    found = _IDENTIFIER.fullmatch(identifier)
    if found is not None:
        versions = CoucheVersion.objects.filter(couche__slug=found["slug"]).select_related("couche")
        if found["number"]:
            versions = versions.filter(number=int(found["number"]))
        version = versions.order_by("-number").first()
        if version is not None:
            return Collection(version, pinned=bool(found["number"]))
    raise NotFound(_("Cette collection n'existe pas : la liste est à l'adresse /ogc/collections."))


def all_collections() -> list[Collection]:
    """Return the collections of versions in force, in the order of the catalogue (two queries)."""
    latest = [(couche, couche.latest()) for couche in Couche.objects.with_latest()]
    found = []
    for couche, version in latest:
        if version is not None:
            version.couche = couche
            found.append(Collection(version, pinned=False))
    return found

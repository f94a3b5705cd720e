"""Factories by traits: small true things to test with."""

import datetime as dt
import hashlib
import uuid
from typing import Any

import factory
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.utils import timezone

from comptes.models import Membership, User
from comptes.roles import Role
from contributions.models import Contribution
from couches.models import Couche
from territoires.models import Commune, CommunePiece, Departement, Epci, Region

PASSWORD = "demo-reperes"  # the demo's public password
SECRET = "s3cret-s3cret-s3cret-s3cret"  # an author's secret in tests


def square(lon: float, lat: float, half: float = 0.05) -> MultiPolygon:
    """Return a square MultiPolygon EPSG:4326 centred on (lon, lat), `half` degrees to each side."""
    ring = Polygon.from_bbox((lon - half, lat - half, lon + half, lat + half))
    ring.srid = 4326
    return MultiPolygon(ring, srid=4326)


class RegionFactory(factory.django.DjangoModelFactory):
    """Auvergne-Rhône-Alpes unless told otherwise."""

    class Meta:
        model = Region
        django_get_or_create = ("code",)

    code = "84"
    nom = "Auvergne-Rhône-Alpes"


class DepartementFactory(factory.django.DjangoModelFactory):
    """The Cantal unless told otherwise."""

    class Meta:
        model = Departement
        django_get_or_create = ("code",)

    code = "15"
    nom = "Cantal"
    region = factory.SubFactory(RegionFactory)
    srid = 2154


class EpciFactory(factory.django.DjangoModelFactory):
    """The Aurillac basin unless told otherwise."""

    class Meta:
        model = Epci
        django_get_or_create = ("siren",)

    siren = "241500230"
    nom = "CA Aurillac Agglomération"
    nature = "CA"


class CommuneFactory(factory.django.DjangoModelFactory):
    """A commune with a square outline of 0.1° and its lookup piece."""

    class Meta:
        model = Commune
        django_get_or_create = ("code_insee",)
        skip_postgeneration_save = True

    code_insee = "15014"
    nom = "Aurillac"
    siren = "211500145"
    population = 25_499
    departement = factory.SubFactory(DepartementFactory)
    epci = factory.SubFactory(EpciFactory)
    chef_lieu = factory.LazyAttribute(lambda o: o.geom.centroid)
    geom = factory.LazyFunction(lambda: square(2.44, 44.93))
    millesime = 2026

    @factory.post_generation
    def pieces(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        """Cut the outline like `sync_territoires` does."""
        if create and self.geom and not CommunePiece.objects.filter(commune_id=self.code_insee).exists():
            CommunePiece.objects.bulk_create(
                CommunePiece(commune_id=self.code_insee, geom=part) for part in self.geom
            )


class UserFactory(factory.django.DjangoModelFactory):
    """A person with the demo's password."""

    class Meta:
        model = User
        django_get_or_create = ("email",)
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"personne{n}@reperes.demo")
    display_name = factory.LazyAttribute(lambda o: o.email.split("@")[0].capitalize())
    password = factory.django.Password(PASSWORD)


class MembershipFactory(factory.django.DjangoModelFactory):
    """A live moderator's mandate; give exactly one territory."""

    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    role = Role.MODERATOR
    starts = factory.LazyFunction(lambda: timezone.now() - dt.timedelta(days=30))


class ContributionFactory(factory.django.DjangoModelFactory):
    """A dead zone reported in Aurillac, awaiting its mayor.

    Written straight to the table: tests of `submit()` call `submit()`.
    """

    class Meta:
        model = Contribution

    id = factory.LazyFunction(uuid.uuid4)
    couche = factory.LazyFunction(lambda: Couche.objects.get(slug="zones-blanches"))
    geom = factory.LazyFunction(lambda: Point(2.44, 44.93, srid=4326))
    attributes = factory.LazyFunction(dict)
    commune = factory.SubFactory(CommuneFactory)
    code_insee_at_capture = factory.LazyAttribute(lambda o: o.commune.code_insee)
    millesime = 2026
    observed_at = factory.LazyFunction(timezone.now)
    received_at = factory.LazyFunction(timezone.now)
    accuracy_m = 12.0
    position_source = "gps"
    channel = "web"
    payload_sha256 = factory.LazyAttribute(lambda o: hashlib.sha256(str(o.id).encode()).hexdigest())
    secret_sha256 = hashlib.sha256(SECRET.encode()).hexdigest()

"""JSON door of territoires: which commune is here, which communes match a text, what is known of one.

Public reference data: no sign-in is read, no cookie is set, nothing is written.
"""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from territoires.location import OutsideFrance, locate
from territoires.models import Commune, FormerCode
from territoires.points import point_from_text
from territoires.scope import CODE, commune_of_code
from territoires.search import MAX_RESULTS, find_communes


class Named(serializers.Serializer[Any]):
    """A code and its name."""

    code = serializers.CharField()
    nom = serializers.CharField()


class CommuneBrief(serializers.Serializer[Any]):
    """A commune in a list."""

    code = serializers.CharField(help_text="Code INSEE.")
    nom = serializers.CharField()
    departement = serializers.CharField(help_text="Code du département.")
    epci = serializers.CharField(allow_null=True, help_text="SIREN de l'intercommunalité.")
    population = serializers.IntegerField(allow_null=True)
    codes_postaux = serializers.ListField(child=serializers.CharField())
    approximate = serializers.BooleanField(help_text="Vrai si le contour chargé est approximatif.")


class CommuneHere(CommuneBrief):
    """The commune of a point."""

    near_border = serializers.BooleanField(help_text="Vrai si la commune est à confirmer par une personne.")


class CommuneMatches(serializers.Serializer[Any]):
    """Answers to a search, likeliest first."""

    results = CommuneBrief(many=True)


class FormerName(serializers.Serializer[Any]):
    """A former code or name."""

    code = serializers.CharField()
    nom = serializers.CharField(allow_blank=True)
    kind = serializers.ChoiceField(choices=FormerCode.Kind.choices)


class CommuneFull(serializers.Serializer[Any]):
    """All we know of a commune."""

    code = serializers.CharField()
    nom = serializers.CharField()
    siren = serializers.CharField(allow_blank=True)
    population = serializers.IntegerField(allow_null=True)
    codes_postaux = serializers.ListField(child=serializers.CharField())
    departement = Named()
    region = Named(allow_null=True)
    epci = Named(allow_null=True)
    srid = serializers.IntegerField(help_text="Code EPSG de la projection légale.")
    millesime = serializers.IntegerField(help_text="Année du Code officiel géographique.")
    approximate = serializers.BooleanField()
    to_confirm = serializers.BooleanField(help_text="Vrai si le contour couvre encore des communes scindées.")
    chef_lieu = serializers.ListField(
        child=serializers.FloatField(), allow_null=True, help_text="Longitude et latitude de la mairie."
    )
    former_codes = FormerName(many=True)


class CommuneAnswer(CommuneFull):
    """Today's commune; when an ended code was asked for, `successor` says so."""

    requested = serializers.CharField(help_text="Le code demandé.")
    current = serializers.BooleanField(help_text="Faux si le code demandé n'existe plus.")
    successor = Named(allow_null=True, help_text="Pour un ancien code, la commune qui le continue.")


class CommuneList(APIView):
    """Search by place or by text."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="communes_chercher",
        parameters=[
            OpenApiParameter("lon", OpenApiTypes.DOUBLE, description="Longitude WGS84, avec lat."),
            OpenApiParameter("lat", OpenApiTypes.DOUBLE, description="Latitude WGS84, avec lon."),
            OpenApiParameter(
                "q",
                OpenApiTypes.STR,
                description=f"Nom, ancien nom, code postal ou code INSEE ; {MAX_RESULTS} réponses au plus.",
            ),
        ],
        responses={
            200: OpenApiResponse(
                CommuneMatches, description="Avec q. Avec lon et lat : la commune du point."
            ),
            404: OpenApiResponse(description="Le point est hors de France."),
            422: OpenApiResponse(description="Coordonnées ou texte inutilisables."),
        },
    )
    def get(self, request: Request) -> Response:
        """Return the commune of a point, or those that match a text."""
        query = request.query_params
        if "lon" in query or "lat" in query:
            return self._here(query.get("lon", ""), query.get("lat", ""))
        if "q" in query:
            return Response({"results": [_brief(commune) for commune in find_communes(query["q"])]})
        raise exceptions.ParseError(_("Donnez lon et lat, ou q."))

    def _here(self, lon: str, lat: str) -> Response:
        try:
            location = locate(point_from_text(lon, lat))
        except OutsideFrance as error:
            raise exceptions.NotFound(error.messages[0]) from error
        return Response({**_brief(location.commune), "near_border": location.near_border})


class CommuneDetail(APIView):
    """One commune, by its code of today or of yesterday."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="communes_lire",
        responses={200: CommuneAnswer, 404: OpenApiResponse(description="Aucune commune n'a ce code.")},
    )
    def get(self, request: Request, code: str) -> Response:
        """Return the commune of `code`; an ended one answers 200 with its successor."""
        commune = commune_of_code(code.upper()) if CODE.fullmatch(code.upper()) else None
        if commune is None:
            raise exceptions.NotFound(_("Aucune commune n'a ce code INSEE."))
        current = commune.pk == code.upper()
        return Response(
            {
                **_full(commune),
                "requested": code.upper(),
                "current": current,
                "successor": None if current else _named(commune.pk, commune.nom),
            }
        )


def _brief(commune: Commune) -> dict[str, Any]:
    return {
        "code": commune.code_insee,
        "nom": commune.nom,
        "departement": commune.departement_id,
        "epci": commune.epci_id,
        "population": commune.population,
        "codes_postaux": commune.codes_postaux,
        "approximate": commune.approximate,
    }


def _full(commune: Commune) -> dict[str, Any]:
    departement, epci, region = commune.departement, commune.epci, commune.departement.region
    return {
        **_brief(commune),
        "siren": commune.siren,
        "departement": _named(departement.code, departement.nom),
        "region": _named(region.code, region.nom) if region else None,
        "epci": _named(epci.siren, epci.nom) if epci else None,
        "srid": departement.srid,
        "millesime": commune.millesime,
        "to_confirm": commune.to_confirm,
        "chef_lieu": list(commune.chef_lieu.coords) if commune.chef_lieu else None,
        "former_codes": list(commune.former_codes.order_by("code", "kind").values("code", "nom", "kind")),
    }


def _named(code: str, nom: str) -> dict[str, str]:
    return {"code": code, "nom": nom}

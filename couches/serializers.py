"""Couches as the JSON door shows them; nothing here is writable."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from couches.models import Couche, CoucheVersion


class CoucheVersionSerializer(serializers.ModelSerializer[CoucheVersion]):
    """A numbered version: when, how many objects, which hash, what changed since the one before."""

    changes = serializers.SerializerMethodField()

    class Meta:
        model = CoucheVersion
        fields = ["number", "published_at", "feature_count", "sha256", "changes", "note", "reverts_to"]
        read_only_fields = fields

    @extend_schema_field(
        {
            "type": "object",
            "properties": {key: {"type": "integer"} for key in ("added", "changed", "withdrawn")},
        }
    )
    def get_changes(self, version: CoucheVersion) -> dict[str, int]:
        """Return the three counts."""
        return dict(version.changes)


class CoucheSerializer(serializers.ModelSerializer[Couche]):
    """A couche of the catalogue and its version in force, null before the first."""

    latest = CoucheVersionSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Couche
        fields = [
            "slug", "title", "description", "theme", "geometry_type", "licence", "national_schema",
            "publication_policy", "schema_version", "latest",
        ]  # fmt: skip
        read_only_fields = fields


class CoucheDetailSerializer(CoucheSerializer):
    """A couche with what draws it and what judges its attributes."""

    attribute_schema = serializers.SerializerMethodField()
    style = serializers.SerializerMethodField()  # type: ignore[assignment]  # an attribute of every field

    class Meta(CoucheSerializer.Meta):
        fields = [*CoucheSerializer.Meta.fields, "style", "attribute_schema"]
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_attribute_schema(self, couche: Couche) -> dict[str, Any]:
        """Return the JSON Schema 2020-12, with its form hints under `x-…`."""
        return dict(couche.attribute_schema)

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_style(self, couche: Couche) -> dict[str, Any]:
        """Return how the couche is drawn: colour, shape, the attribute that tells objects apart."""
        return dict(couche.style)

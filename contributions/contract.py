"""The JSON contract of contributions, as the OpenAPI document shows it.

`contributions.validation` judges what comes in; these only describe.
"""

from typing import Any

from rest_framework import serializers

from comptes.mandates import LEVELS
from contributions.models import Contribution, Pause


class PointSerializer(serializers.Serializer):
    """A GeoJSON Point, WGS84."""

    type = serializers.ChoiceField(choices=["Point"])
    coordinates = serializers.ListField(
        child=serializers.FloatField(), min_length=2, max_length=2, help_text="[longitude, latitude]"
    )


class SubmissionSerializer(serializers.Serializer):
    """What somebody proposes. The id and the secret are made by the author's device."""

    id = serializers.UUIDField(help_text="UUID tiré par l'appareil ; le même à chaque nouvel essai.")
    secret = serializers.RegexField(
        r"^[A-Za-z0-9_-]{22,128}$", help_text="Tiré au hasard par l'appareil ; il ouvrira le suivi."
    )
    couche = serializers.SlugField()
    operation = serializers.ChoiceField(choices=Contribution.Operation.choices, default="create")
    feature = serializers.UUIDField(
        allow_null=True, required=False, help_text="L'objet publié, sauf pour ajouter."
    )
    geometry = PointSerializer(
        allow_null=True, required=False, help_text="Obligatoire pour ajouter ; sinon celle de l'objet."
    )
    attributes = serializers.DictField(required=False, help_text="Selon `attribute_schema` de la couche.")
    observed_at = serializers.DateTimeField()
    accuracy_m = serializers.FloatField(allow_null=True, required=False, min_value=0, max_value=100_000)
    position_source = serializers.ChoiceField(
        choices=Contribution.PositionSource.choices, default="coordinates"
    )
    channel = serializers.ChoiceField(
        choices=[choice for choice in Contribution.Channel.choices if choice[0] != "import"], default="api"
    )
    email = serializers.EmailField(allow_null=True, required=False)
    challenge = serializers.JSONField(
        allow_null=True,
        required=False,
        help_text="La réponse au défi de `defi/` : objet, ou son texte en base64. Sans elle, le débit est moindre.",
    )
    workshop = serializers.CharField(
        allow_null=True, required=False, help_text="Code d'atelier donné par la mairie, à la place du défi."
    )


class ChallengeParameters(serializers.Serializer):
    """What is to be solved: find the counter whose derived key starts with `keyPrefix`."""

    algorithm = serializers.CharField()
    nonce = serializers.CharField()
    salt = serializers.CharField()
    cost = serializers.IntegerField()
    keyLength = serializers.IntegerField()  # altcha's own name
    keyPrefix = serializers.CharField()
    keySignature = serializers.CharField()
    expiresAt = serializers.IntegerField(help_text="Secondes depuis 1970.")
    data = serializers.DictField()  # type: ignore[assignment]  # altcha's own name


class Challenge(serializers.Serializer):
    """A challenge of altcha 2, to be sent back whole with its solution."""

    parameters = ChallengeParameters()
    signature = serializers.CharField()


class ChallengeAnswer(serializers.Serializer):
    """A challenge, and the server's clock: a phone's own may be wrong."""

    challenge = Challenge(allow_null=True, help_text="null : aucun travail n'est demandé.")
    now = serializers.DateTimeField()


class CommuneNamed(serializers.Serializer):
    """The commune found."""

    code = serializers.CharField()
    nom = serializers.CharField()


class NearAnswer(serializers.Serializer):
    """Something near: all of a published feature, only the presence of a pending report."""

    kind = serializers.ChoiceField(choices=["feature", "signalement"])
    id = serializers.UUIDField(required=False)
    number = serializers.IntegerField(required=False)
    label = serializers.CharField(required=False)  # type: ignore[assignment]  # the contract's name, as a field
    distance_m = serializers.FloatField()
    observed_on = serializers.DateField()


class ReceiptAnswer(serializers.Serializer):
    """What the author gets back, the same at each retry."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Contribution.Status.choices)
    commune = CommuneNamed()
    near_border = serializers.BooleanField()
    received_at = serializers.DateTimeField()
    duplicates = NearAnswer(many=True)
    suivi = serializers.URLField()


class PhotoAnswer(serializers.Serializer):
    """A photo as stored."""

    n = serializers.IntegerField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    received_at = serializers.DateTimeField()


class ContributionAnswer(serializers.Serializer):
    """A contribution, for its author or an official in scope."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Contribution.Status.choices)
    status_label = serializers.CharField()
    version = serializers.IntegerField()
    couche = serializers.SlugField()
    operation = serializers.ChoiceField(choices=Contribution.Operation.choices)
    feature = serializers.UUIDField(allow_null=True)
    geometry = PointSerializer()
    attributes = serializers.DictField()
    commune = CommuneNamed()
    near_border = serializers.BooleanField()
    observed_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    accuracy_m = serializers.FloatField(allow_null=True)
    position_source = serializers.CharField()
    photos = PhotoAnswer(many=True)


class PreviewSerializer(SubmissionSerializer):
    """The same keys as a submission; only `couche` is required."""

    def get_fields(self) -> dict[str, Any]:
        """Return the fields of a submission, none required but the couche."""
        fields = super().get_fields()
        for name, field in fields.items():
            field.required = name == "couche"
        return fields


class PublicRow(serializers.Serializer):
    """One line of what will be public."""

    label = serializers.CharField()  # type: ignore[assignment]  # the contract's name, as a field
    value = serializers.CharField()


class FeatureNearAnswer(serializers.Serializer):
    """A published feature near."""

    kind = serializers.ChoiceField(choices=["feature"])
    id = serializers.UUIDField()
    number = serializers.IntegerField()
    label = serializers.CharField()  # type: ignore[assignment]  # the contract's name, as a field
    distance_m = serializers.FloatField()
    observed_on = serializers.DateField()


class PauseAnswer(serializers.Serializer):
    """A pause of the town hall, which only reports without account meet."""

    mode = serializers.ChoiceField(choices=Pause.Mode.choices)
    until = serializers.DateTimeField()
    message = serializers.CharField()
    detail = serializers.CharField(help_text="La phrase entière, à montrer telle quelle.")


class PreviewAnswer(serializers.Serializer):
    """What the report would become."""

    commune = CommuneNamed(allow_null=True)
    near_border = serializers.BooleanField(allow_null=True)
    answered_by = serializers.ChoiceField(
        choices=[*LEVELS, ""], help_text="Le niveau le plus proche où quelqu'un décide ; vide : personne."
    )
    pause = PauseAnswer(allow_null=True)
    duplicates = FeatureNearAnswer(many=True)
    pending = serializers.IntegerField(help_text="Signalements en attente à moins de 100 m.")
    public = PublicRow(many=True)
    errors = serializers.DictField(  # type: ignore[assignment]  # the contract's name, as a field
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Ce que l'envoi refuserait, par champ.",
    )


class DeskAnswer(serializers.Serializer):
    """Who is signed in and where they may enter for others."""

    person = serializers.CharField()
    csrf = serializers.CharField(
        help_text="À renvoyer dans l'en-tête X-CSRFToken, avec le cookie de session."
    )
    communes = CommuneNamed(many=True, help_text="200 au plus, par code.")
    more = serializers.BooleanField(help_text="D'autres communes encore.")
    everywhere = serializers.BooleanField(help_text="Un mandat national : toute la France.")

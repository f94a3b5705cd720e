"""What the pages of /signaler/ take and carry from step to step; `submit()` is the judge."""

import datetime as dt
import json
import secrets
import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contributions.models import WORKSHOP_HOURS, WORKSHOP_USES, Contribution
from contributions.submission import Submission
from contributions.validation import EARLIEST_ZONE
from couches.models import Couche
from couches.schemas import clean_attributes

MAX_ATTRIBUTES = 40_000
SECRET_BYTES = 24


class PlaceForm(forms.Form):
    """Where: two numbers as typed, filled by the map when scripts run."""

    lat = forms.CharField(
        label=_("Latitude"),
        help_text=_("Degrés décimaux, par exemple 44,9262."),
        max_length=48,
        widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"}),
    )
    lon = forms.CharField(
        label=_("Longitude"),
        help_text=_("Par exemple 2,4397. À l'ouest de Greenwich, commencez par −."),
        max_length=48,
        widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"}),
    )
    accuracy_m = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)
    position_source = forms.CharField(required=False, max_length=12, widget=forms.HiddenInput)

    def clean_lat(self) -> str:
        """Accept the typographic minus that we ourselves write."""
        return str(self.cleaned_data["lat"]).replace("−", "-")

    def clean_lon(self) -> str:
        """Accept the typographic minus that we ourselves write."""
        return str(self.cleaned_data["lon"]).replace("−", "-")


class WhenForm(forms.Form):
    """When it was seen: a day is enough, since no more than the day is published."""

    observed_on = forms.DateField(
        label=_("Quand l'avez-vous constaté ?"),
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d", "%d/%m/%Y"],
        error_messages={
            "required": _("Donnez le jour où vous l'avez constaté."),
            "invalid": _("Écrivez la date ainsi : 04/05/2026."),
        },
    )

    def clean_observed_on(self) -> dt.date:
        """Refuse days to come and the last century."""
        day: dt.date = self.cleaned_data["observed_on"]
        if day > dt.datetime.now(EARLIEST_ZONE).date():
            raise ValidationError(_("Ce jour n'est pas encore venu : donnez celui du constat."))
        if day.year < 2000:
            raise ValidationError(_("Donnez une date après le 1er janvier 2000."))
        return day

    def instant(self) -> str:
        """Return an instant of the day given, in UTC: noon, or now when noon is to come.

        Computed once and carried: the same page sent again must say the same thing.
        """
        noon = dt.datetime.combine(self.cleaned_data["observed_on"], dt.time(12), dt.UTC)
        return min(noon, timezone.now().replace(microsecond=0)).isoformat()


class SendForm(forms.Form):
    """The last page: all may be left empty."""

    email = forms.CharField(
        label=_("Adresse électronique (facultatif)"),
        help_text=_("Pour recevoir le lien de suivi et la réponse. Jamais publiée, effacée après six mois."),
        required=False,
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "email"}),
    )
    photo = forms.FileField(
        label=_("Photo (facultatif)"),
        help_text=_("JPEG, PNG ou WebP, 12 Mo au plus. Elle perd sa position et la marque de l'appareil."),
        required=False,
        widget=forms.FileInput({"accept": "image/jpeg,image/png,image/webp"}),
    )
    workshop = forms.CharField(
        label=_("Code d'atelier (facultatif)"),
        help_text=_("Un mot et un nombre donnés par la mairie, par exemple TILLEUL-4827."),
        required=False,
        max_length=80,
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "characters"}),
    )


class WorkshopForm(forms.Form):
    """A code to open; the verb in workshops.py judges it."""

    label = forms.CharField(
        label=_("Atelier"),
        help_text=_("Pour vous y retrouver, par exemple « Classe de CM2 » ou « Accueil de la mairie »."),
        max_length=80,
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    hours = forms.IntegerField(label=_("Durée, en heures"), min_value=1, max_value=WORKSHOP_HOURS, initial=3)
    max_uses = forms.IntegerField(
        label=_("Signalements permis"), min_value=1, max_value=WORKSHOP_USES, initial=100
    )


class DraftForm(forms.Form):
    """Everything entered so far, carried by hidden fields: no cookie, nothing kept on the server.

    The id and the secret are made with the first step and go along: the same page sent twice
    is one contribution.
    """

    id = forms.CharField(max_length=36, widget=forms.HiddenInput)
    secret = forms.CharField(max_length=128, widget=forms.HiddenInput)
    couche = forms.CharField(max_length=40, widget=forms.HiddenInput)
    operation = forms.CharField(max_length=8, widget=forms.HiddenInput)
    feature = forms.CharField(max_length=36, required=False, widget=forms.HiddenInput)
    lat = forms.CharField(max_length=48, required=False, widget=forms.HiddenInput)
    lon = forms.CharField(max_length=48, required=False, widget=forms.HiddenInput)
    accuracy_m = forms.CharField(max_length=20, required=False, widget=forms.HiddenInput)
    position_source = forms.CharField(max_length=12, required=False, widget=forms.HiddenInput)
    observed_at = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    attributes = forms.CharField(max_length=MAX_ATTRIBUTES, required=False, widget=forms.HiddenInput)

    @classmethod
    def new(cls, values: dict[str, Any]) -> "DraftForm":
        """Return a valid draft with a fresh id and secret."""
        identity = {"id": str(uuid.uuid4()), "secret": secrets.token_urlsafe(SECRET_BYTES)}
        return cls.of({"operation": "create", **values, **identity})

    @classmethod
    def of(cls, values: dict[str, Any]) -> "DraftForm":
        """Return a draft holding `values`; hidden fields of several forms share no HTML id."""
        draft = cls({key: value for key, value in values.items() if value is not None}, auto_id=False)
        draft.is_valid()
        return draft

    def changed_by(self, **values: Any) -> "DraftForm":
        """Return the same draft with other values."""
        return DraftForm.of({**self.values, **values})

    @property
    def values(self) -> dict[str, Any]:
        """What was entered, as text."""
        return {name: self.cleaned_data.get(name, "") for name in self.fields}

    @property
    def answers(self) -> dict[str, Any]:
        """The attributes as carried, for `submit()` to judge; {} when they are no JSON object."""
        try:
            decoded = json.loads(self.values["attributes"] or "{}")
        except (ValueError, RecursionError):
            return {}
        return decoded if isinstance(decoded, dict) else {}

    def shown_answers(self, couche: Couche) -> dict[str, Any]:
        """Return the attributes when they are fit to be shown; {} when the field was tampered with."""
        try:
            return clean_attributes(couche, self.answers, completing=True, partial=True)
        except ValidationError:
            return {}

    @property
    def precision_m(self) -> float | None:
        """Metres; what the map's field does not say is not known."""
        try:
            return float(self.values["accuracy_m"].replace(",", "."))
        except ValueError:
            return None

    def to_submission(self, *, geometry: dict[str, Any] | None, email: str) -> Submission:
        """Return what `submit()` takes. `geometry` is the GeoJSON of `lon` and `lat`."""
        values = self.values
        return Submission(
            id=values["id"],
            secret=values["secret"],
            couche=values["couche"],
            operation=values["operation"],
            feature=values["feature"] or None,
            geometry=geometry,
            attributes=self.answers,
            observed_at=values["observed_at"] or None,
            accuracy_m=self.precision_m,
            position_source=values["position_source"] or Contribution.PositionSource.COORDINATES.value,
            channel=Contribution.Channel.WEB.value,
            email=email or None,
        )

"""The form of a pause: where (a whole commune, a circle, a contour), what, why, until which day."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.gis.geos import MultiPolygon
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contributions import zones
from contributions.models import PAUSE_DAYS, PAUSE_MESSAGE, Pause
from contributions.zones import MAX_RADIUS_M, MAX_TEXT, MIN_RADIUS_M
from couches.models import Couche
from territoires.models import Commune
from territoires.points import point_from_text

WHOLE, CIRCLE, DRAWN = "commune", "cercle", "contour"
DEFAULT_DAYS = 7
DEFAULT_RADIUS_M = 300
# Where the verbs' refusals show, when the page names the field otherwise.
SHOWN_AT = {"ends": "ends_on", "starts": "starts_on", "geometry": "lat"}


class PauseForm(forms.Form):
    """A pause to open; the verb in pauses.py judges it. `communes`: where this person decides."""

    extent = forms.ChoiceField(
        label=_("Où ?"),
        choices=[
            (WHOLE, _("Toute une commune")),
            (CIRCLE, _("Un cercle autour d'un lieu")),
            (DRAWN, _("Une zone dessinée")),
        ],
        initial=WHOLE,
        widget=forms.RadioSelect,
    )
    commune = forms.ChoiceField(label=_("Commune"), required=False)
    lat = forms.CharField(label=_("Latitude du centre"), required=False, max_length=48)
    lon = forms.CharField(label=_("Longitude du centre"), required=False, max_length=48)
    radius = forms.IntegerField(
        label=_("Rayon, en mètres"), required=False, min_value=MIN_RADIUS_M, max_value=MAX_RADIUS_M
    )
    vertices = forms.CharField(
        label=_("Sommets de la zone"),
        help_text=_(
            "Un par ligne, latitude puis longitude, en faisant le tour : « 44,9262 2,4397 ». Ou collez un "
            "polygone GeoJSON."
        ),
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea({"rows": 5, "spellcheck": "false", "autocomplete": "off"}),
    )
    mode = forms.ChoiceField(
        label=_("Les signalements sans compte y seront"),
        choices=[
            (Pause.Mode.SLOW, _("ralentis : trois par heure et par connexion")),
            (Pause.Mode.REFUSE, _("suspendus : aucun n'est reçu")),
        ],
        initial=Pause.Mode.SLOW,
        widget=forms.RadioSelect,
    )
    reason_code = forms.ChoiceField(label=_("Motif"), choices=Pause.Reason.choices)
    message = forms.CharField(
        label=_("Ce que les habitants liront"),
        help_text=_("Une phrase publique : ce qui se passe, et comment vous joindre en attendant."),
        max_length=PAUSE_MESSAGE,
        widget=forms.Textarea({"rows": 3}),
    )
    couche = forms.ModelChoiceField(
        label=_("Sujet"),
        queryset=Couche.objects.all(),
        to_field_name="slug",
        required=False,
        empty_label=_("Tous les sujets"),
    )
    starts_on = forms.DateField(
        label=_("À partir du (facultatif)"),
        help_text=_("Vide : dès maintenant."),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    ends_on = forms.DateField(
        label=_("Jusqu'au (inclus)"),
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        communes: list[Commune],
        initial: dict[str, Any] | None = None,
    ) -> None:
        first = {
            "radius": DEFAULT_RADIUS_M,
            "ends_on": timezone.localdate() + dt.timedelta(days=DEFAULT_DAYS),
        }
        super().__init__(data, initial=first | (initial or {}))
        self.communes = {one.pk: one for one in communes}
        field = self.fields["commune"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # for the type checker
        field.choices = [(one.pk, one.nom) for one in communes]
        today = timezone.localdate()
        last = today + dt.timedelta(days=PAUSE_DAYS - 1)
        self.fields["ends_on"].widget.attrs |= {"min": today.isoformat(), "max": last.isoformat()}

    def clean_starts_on(self) -> dt.date | None:
        """Refuse a day gone by: a pause has no past."""
        day: dt.date | None = self.cleaned_data["starts_on"]
        if day and day < timezone.localdate():
            raise ValidationError(_("Choisissez aujourd'hui, ou plus tard."))
        return self._near(day)

    def clean_ends_on(self) -> dt.date | None:
        """Refuse a day that no pause reaches; the verb judges the others."""
        return self._near(self.cleaned_data["ends_on"])

    def where(self) -> dict[str, Any]:
        """Return the place as the verbs take it. Raises ValidationError by field."""
        said = self.cleaned_data
        if said["extent"] == WHOLE:
            return {"commune": self.communes.get(said["commune"])}
        return {
            "zone": self._circle() if said["extent"] == CIRCLE else zones.zone_from_text(said["vertices"])
        }

    def rest(self) -> dict[str, Any]:
        """Return what the verbs take beside the place; days become the instants of this country."""
        said = self.cleaned_data
        return {
            **{name: said[name] for name in ("mode", "reason_code", "message", "couche")},
            "starts": _midnight(said["starts_on"]) if said["starts_on"] else None,
            "ends": _midnight(said["ends_on"] + dt.timedelta(days=1)),
        }

    def tell(self, refusal: ValidationError) -> None:
        """Show the refusals of a verb at their fields."""
        place = {CIRCLE: "radius", DRAWN: "vertices"}.get(self.cleaned_data["extent"], "commune")
        for name, messages in refusal.message_dict.items():
            shown = place if name == "zone" else SHOWN_AT.get(name, name)
            for message in messages:
                self.add_error(shown if shown in self.fields else None, message)

    def _near(self, day: dt.date | None) -> dt.date | None:
        if day and day > timezone.localdate() + dt.timedelta(days=2 * PAUSE_DAYS):
            raise ValidationError(_("Choisissez une date plus proche."))
        return day

    def _circle(self) -> MultiPolygon:
        said = self.cleaned_data
        return zones.circle(point_from_text(said["lon"], said["lat"]), said["radius"] or DEFAULT_RADIUS_M)


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))

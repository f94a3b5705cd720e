"""What the pages take: a filter, a decision, a batch, a note; checked, never trusted."""

import datetime as dt
import uuid
from typing import Any

from django import forms
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contributions.forms import WhenForm
from couches.text import clean_text
from moderation.author import read_code
from moderation.gestures import Item
from moderation.serializers import MAX_BATCH
from moderation.workflow import OFFICIAL_ACTIONS, Action
from territoires.points import point_from_text

BATCH_ACTIONS = (Action.ACCEPT, Action.RETURN, Action.REJECT)
GROUP_ACTIONS = (*BATCH_ACTIONS, Action.HOLD, Action.TRANSFER)


class CleanTextField(forms.CharField):
    """A text stripped of what no reader sees."""

    def clean(self, value: Any) -> str:
        """Return the cleaned text. Raises ValidationError in French."""
        return clean_text(super().clean(value), max_length=self.max_length or 1000)


class NewPlaceForm(forms.Form):
    """A place that may be left as it is."""

    lon = forms.CharField(label=_("Longitude"), required=False, max_length=48)
    lat = forms.CharField(label=_("Latitude"), required=False, max_length=48)

    def geometry(self) -> dict[str, object] | None:
        """Return the GeoJSON Point typed, None for none. Raises ValidationError on "geometry"."""
        point = self.point()
        return None if point is None else {"type": "Point", "coordinates": [point.x, point.y]}

    def point(self) -> Point | None:
        """Return the point typed (EPSG:4326), None for none. Raises ValidationError on "geometry"."""
        lon, lat = self.cleaned_data["lon"], self.cleaned_data["lat"]
        return None if not lon and not lat else point_from_text(lon, lat)


class DecisionForm(NewPlaceForm):
    """One click of an official; the workflow judges reason, target, date and destination."""

    action = forms.ChoiceField(choices=[(one.value, one.label) for one in OFFICIAL_ACTIONS])
    version = forms.IntegerField(min_value=1, max_value=2**31 - 1)
    gesture = forms.UUIDField(required=False)
    reason_code = CleanTextField(required=False, max_length=40)
    public_reason = CleanTextField(required=False, max_length=1000)
    reason = CleanTextField(required=False, max_length=1000)
    into = forms.UUIDField(required=False)
    until = forms.DateField(required=False)
    to = CleanTextField(required=False, max_length=11)

    def identifier(self) -> uuid.UUID:
        """Return the id of the click: that of the page shown, so that it counts once however often sent."""
        return self.cleaned_data["gesture"] or uuid.uuid4()

    def words(self) -> dict[str, Any]:
        """Return the fields of workflow.Wish that a form types."""
        names = ("reason_code", "public_reason", "reason", "into", "until", "to")
        return {name: self.cleaned_data[name] for name in names}


class TickedForm(forms.Form):
    """Ticked cards in `choix`: a report as `<id>:<version>`, a group as several, one space apart."""

    def clean(self) -> dict[str, Any]:
        """Read what is ticked: as `cards`, lists of reports, and as `choices`, all of them; none twice."""
        cleaned = super().clean() or {}
        ticked = self.data.getlist("choix") if hasattr(self.data, "getlist") else []
        if not any(ticked):
            raise ValidationError(_("Cochez au moins un signalement."))
        # Counted before anything is read: what was sent is as long as its sender likes.
        if sum(1 + line.count(" ") for line in ticked) > MAX_BATCH:
            raise ValidationError(_("Cent signalements à la fois au plus : décochez-en."))
        choices: dict[uuid.UUID, Item] = {}
        cards = []
        for line in ticked:
            card = [one for one in map(_choice, line.split(" ")) if one.id not in choices]
            choices |= {one.id: one for one in card}
            cards.append(list({one.id: one for one in card}.values()))
        cleaned["choices"] = list(choices.values())
        cleaned["cards"] = [card for card in cards if card]
        return cleaned


class BatchForm(TickedForm):
    """The same gesture on the ticked lines, each for itself."""

    action = forms.ChoiceField(choices=[(one.value, one.label) for one in BATCH_ACTIONS])
    gesture = forms.UUIDField(required=False)
    reason_code = CleanTextField(required=False, max_length=40)
    public_reason = CleanTextField(required=False, max_length=1000)


class GroupForm(BatchForm):
    """One gesture on a card of the queue: a report, or several that tell the same thing."""

    action = forms.ChoiceField(choices=[(one.value, one.label) for one in GROUP_ACTIONS])
    into = forms.UUIDField(required=False)
    until = forms.DateField(required=False)
    to = CleanTextField(required=False, max_length=11)


def _choice(raw: str) -> Item:
    identifier, _colon, version = raw.partition(":")
    try:
        choice = Item(uuid.UUID(identifier), int(version) if version.isascii() else 0)
    except ValueError as error:
        raise ValidationError(_("Une ligne cochée est illisible : rechargez la page.")) from error
    return choice


class NoteForm(forms.Form):
    """Why this version."""

    note = CleanTextField(label=_("Note de version"), required=False, max_length=500)


class CodeForm(forms.Form):
    """The follow-up code, or the whole link, as pasted."""

    code = forms.CharField(
        label=_("Code ou lien de suivi"),
        max_length=600,
        help_text=_("Il vous a été donné quand le signalement a été reçu."),
    )

    def clean_code(self) -> tuple[uuid.UUID, str]:
        """Return (id, secret)."""
        found = read_code(self.cleaned_data["code"])
        if found is None:
            raise ValidationError(_("Ce code est incomplet : copiez le lien de suivi en entier."))
        return found


class RecoverForm(forms.Form):
    """The address left with the reports; `recover()` judges it."""

    email = forms.CharField(
        label=_("Votre adresse électronique"),
        max_length=254,
        help_text=_("Celle que vous aviez laissée avec votre signalement."),
        widget=forms.EmailInput({"autocomplete": "email"}),
    )


class AnswerForm(NewPlaceForm):
    """What the author adds beside the couche's own questions."""

    message = forms.CharField(
        label=_("Votre message à la mairie"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class AppealForm(forms.Form):
    """Why the refusal does not suit; `appeals.appeal()` judges it."""

    message = forms.CharField(
        label=_("Pourquoi cette réponse ne vous convient pas"),
        required=False,
        max_length=1000,
        help_text=_("1000 caractères au plus. Ne nommez personne."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )


class CorrectionForm(NewPlaceForm, WhenForm):
    """What the author corrects beside the couche's own questions: the place, the day."""

    def observed_at(self, present: dt.datetime) -> str | None:
        """Return the new instant, None when the day is that of `present`: the hour is kept."""
        return None if self.cleaned_data["observed_on"] == timezone.localdate(present) else self.instant()

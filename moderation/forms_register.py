"""What the pages of the register take: whose letters to send where, which reason to take out."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from contributions.validation import read_email
from couches.models import Couche
from moderation.models import Redaction, Subscription

MAX_ID = 2**63 - 1


class SubscriptionForm(forms.Form):
    """An address, a couche or all of them, a rhythm."""

    email = forms.CharField(
        label=_("Votre adresse électronique"),
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "email"}),
        error_messages={"required": _("Donnez votre adresse électronique.")},
    )
    couche = forms.ChoiceField(label=_("Sujet"), required=False)
    frequency = forms.ChoiceField(
        label=_("Rythme"),
        choices=[(one.value, one.label) for one in Subscription.Frequency],
        initial=Subscription.Frequency.WEEKLY,
        error_messages={"required": _("Choisissez un rythme.")},
    )

    def __init__(self, *args: Any, couches: list[Couche], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._by_slug = {one.slug: one for one in couches}
        choices = [("", _("Tous les sujets")), *((one.slug, one.title) for one in couches)]
        self.fields["couche"].choices = choices  # type: ignore[attr-defined]

    def clean_email(self) -> str:
        """Return the address, judged as the one left with a report is."""
        try:
            return read_email(self.cleaned_data["email"])
        except ValidationError as error:
            raise ValidationError(
                _("Donnez une adresse électronique valide, par exemple prenom.nom@exemple.fr.")
            ) from error

    def clean_couche(self) -> Couche | None:
        """Return the couche, None for all."""
        return self._by_slug.get(self.cleaned_data["couche"])


class RedactionForm(forms.Form):
    """One line of the register, and why its reason leaves it."""

    decision = forms.IntegerField(min_value=1, max_value=MAX_ID, widget=forms.HiddenInput)
    why = forms.ChoiceField(
        label=_("Pourquoi le retirer ?"),
        choices=[(one.value, one.label) for one in Redaction.Why],
        error_messages={"required": _("Dites pourquoi : c'est ce que les habitants liront à la place.")},
    )

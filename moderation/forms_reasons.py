"""What a territory types of a reason."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from couches.models import Couche
from moderation.forms import CleanTextField
from moderation.models import TerritoryReason
from moderation.reasons import REASONS, Reason
from moderation.workflow import Action

# The gestures that the common reasons explain: a territory explains no other.
EXPLAINED = [action for action in Action if any(action in one.actions for one in REASONS)]


class ReasonForm(forms.Form):
    """A reason of one's own, or the words of a common one (`common`), new or known (`row`)."""

    couche = forms.ModelChoiceField(
        Couche.objects.none(),
        to_field_name="slug",
        required=False,
        label=_("Sujet"),
        empty_label=_("Tous les sujets"),
        error_messages={"invalid_choice": _("Ce sujet n'existe pas : choisissez-en un dans la liste.")},
    )
    label = CleanTextField(
        label=_("Intitulé"),
        max_length=80,
        help_text=_("Ce que vous lirez dans la liste, en quelques mots."),
        error_messages={"required": _("Donnez un intitulé de quelques mots.")},
    )
    public_text = CleanTextField(
        label=_("Phrase publique"),
        max_length=1000,
        help_text=_(
            "Ce que l'habitant et le registre liront. En français courant ; n'y nommez personne, "
            "dites quoi faire ensuite."
        ),
        widget=forms.Textarea({"rows": 4, "data-motif-phrase": ""}),
        error_messages={"required": _("Écrivez la phrase que l'habitant lira.")},
    )
    actions = forms.MultipleChoiceField(
        label=_("Pour quels gestes ?"),
        choices=[(one.value, str(one.label).capitalize()) for one in EXPLAINED],
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Cochez au moins un geste."),
            "invalid_choice": _("Ce geste n'existe pas : cochez-en un de la liste."),
        },
    )
    hidden = forms.BooleanField(label=_("Ne plus proposer ce motif dans notre territoire"), required=False)
    active = forms.BooleanField(label=_("Proposé aux élus"), required=False)

    def __init__(
        self,
        *args: Any,
        common: Reason | None = None,
        row: TerritoryReason | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.row = row
        self.about: Couche | None = row.couche if row else None
        choices = Couche.objects.all()
        if common is not None and common.couches:
            choices = choices.filter(slug__in=common.couches)
        self.fields["couche"].queryset = choices  # type: ignore[attr-defined]
        if row is not None:
            del self.fields["couche"]
        else:
            del self.fields["active"]
        if common is not None:
            del self.fields["actions"]
        else:
            del self.fields["hidden"]

    def clean(self) -> dict[str, Any]:
        """Fill what this kind of reason does not ask."""
        cleaned = super().clean() or {}
        if cleaned.get("label") == "" and "label" not in self.errors:
            raise ValidationError({"label": self.fields["label"].error_messages["required"]})
        if cleaned.get("public_text") == "" and "public_text" not in self.errors:
            raise ValidationError({"public_text": self.fields["public_text"].error_messages["required"]})
        return {"couche": None, "actions": [], "hidden": False, "active": True} | cleaned

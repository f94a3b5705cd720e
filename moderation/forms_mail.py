"""What the pages of deciding by mail take: a decision, a rhythm for each mandate."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from moderation.forms import CleanTextField
from moderation.letter_items import territory_name
from moderation.links import LINK_ACTIONS
from moderation.models import DigestPreference


class LinkDecisionForm(forms.Form):
    """One decision by link; the workflow judges the reason."""

    action = forms.ChoiceField(
        label=_("Décision"),
        choices=[(one.value, one.label) for one in LINK_ACTIONS],
        error_messages={
            "required": _("Choisissez un des trois boutons."),
            "invalid_choice": _("Choisissez un des trois boutons."),
        },
    )
    version = forms.IntegerField(label=_("Version"), min_value=1, max_value=2**31 - 1, required=False)
    reason_code = CleanTextField(label=_("Motif"), required=False, max_length=40)
    public_reason = CleanTextField(label=_("Ce que l'auteur lira"), required=False, max_length=1000)


class RhythmsForm(forms.Form):
    """One choice for each mandate: `mandat-<id>`."""

    def __init__(self, *args: Any, mandates: Sequence[Any], **kwargs: Any) -> None:
        """`mandates`: memberships annotated with their present `rhythm`."""
        super().__init__(*args, **kwargs)
        self.mandates = mandates
        for mandate in mandates:
            self.fields[f"mandat-{mandate.pk}"] = forms.ChoiceField(
                label=f"{territory_name(mandate)} ({mandate.get_role_display()})",
                choices=DigestPreference.Rhythm.choices,
                initial=mandate.rhythm,
                widget=forms.RadioSelect,
            )

    def rhythms(self) -> dict[int, str]:
        """Return {mandate id: rhythm}."""
        return {mandate.pk: self.cleaned_data[f"mandat-{mandate.pk}"] for mandate in self.mandates}

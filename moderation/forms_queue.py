"""The filters of the queue as a form without script; `filters.parse_filters` judges them, for both doors."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from contributions.models import Contribution
from couches.models import Couche
from moderation.cards import LONG_DAYS, OVERDUE_DAYS
from moderation.filters import ABOVE, ALL, HELD, MINE
from territoires.models import Commune

# Beyond this a list of choices is no help: the code is typed instead.
MAX_LISTED_COMMUNES = 60
Status = Contribution.Status
STATES = [
    (MINE, _("À décider par vous")),
    (HELD, _("Mis en attente")),
    (ABOVE, _("Transmis à un autre niveau")),
    (Status.RETURNED.value, Status.RETURNED.label),
    (Status.ACCEPTED.value, Status.ACCEPTED.label),
    (Status.PUBLISHED.value, Status.PUBLISHED.label),
    (Status.REJECTED.value, Status.REJECTED.label),
    (Status.MERGED.value, Status.MERGED.label),
    (Status.WITHDRAWN.value, Status.WITHDRAWN.label),
    (ALL, _("Tous")),
]


class QueueFilterForm(forms.Form):
    """Shows the filters that are set."""

    status = forms.ChoiceField(label=_("État"), required=False, choices=STATES)
    couche = forms.ChoiceField(label=_("Sujet"), required=False)
    commune = forms.CharField(label=_("Commune (code INSEE)"), required=False, max_length=5)
    age = forms.ChoiceField(
        label=_("Reçu"),
        required=False,
        choices=[
            ("", _("N'importe quand")),
            (str(LONG_DAYS), _("Il y a plus de 7 jours")),
            (str(OVERDUE_DAYS), _("Il y a plus de 21 jours")),
        ],
    )
    reference = forms.CharField(label=_("Référence (ses premiers caractères)"), required=False, max_length=36)
    photo = forms.BooleanField(
        label=_("Avec photo"), required=False, widget=forms.CheckboxInput({"value": "oui"})
    )
    limite = forms.BooleanField(
        label=_("Près de la limite de la commune"),
        required=False,
        widget=forms.CheckboxInput({"value": "oui"}),
    )

    def __init__(self, *args: Any, communes: list[Commune], couches: list[Couche], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.initial.get("status") == Status.SUBMITTED:
            self.fields["status"].choices = [(Status.SUBMITTED.value, Status.SUBMITTED.label), *STATES]  # type: ignore[attr-defined]
        self.fields["couche"].choices = [("", _("Tous")), *((one.slug, one.title) for one in couches)]  # type: ignore[attr-defined]
        for name in ("photo", "limite"):
            self.initial[name] = self.initial.get(name) == "oui"
        if len(communes) <= 1:
            # Whoever has one commune has nothing to choose.
            del self.fields["commune"]
        elif len(communes) <= MAX_LISTED_COMMUNES:
            self.fields["commune"] = forms.ChoiceField(
                label=_("Commune"),
                required=False,
                choices=[("", _("Toutes")), *((one.pk, one.nom) for one in communes)],
            )

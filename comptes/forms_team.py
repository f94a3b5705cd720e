"""Forms of the team, of the first access of a commune, and of an absence; the verbs judge what they carry."""

import datetime as dt
import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comptes.claims import LENGTH, MAX_WORDS
from comptes.invitations import MAX_NAME, roles_for
from comptes.models import Membership, User
from comptes.querysets import Territory
from territoires.models import Commune, Departement, Epci, Region
from territoires.scope import parse_territory

# A list is easier than a code, as long as it can be read.
MAX_LISTED = 160
_BARE = [(r"\d[\dAB]\d{3}", "commune"), (r"\d{9}", "epci"), (r"\d[\dAB]|97\d|98\d", "departement")]


def _text(
    label: Any, help_text: Any = "", *, length: int, required: bool = True, **attrs: str
) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, max_length=length, required=required, widget=forms.TextInput(attrs)
    )


def _email(label: Any, help_text: Any = "", *, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, max_length=254, required=required,
        widget=forms.EmailInput({"autocomplete": "email"}),
    )  # fmt: skip


def _password(label: Any, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, max_length=200, required=False, strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )  # fmt: skip


NAME = _("Votre nom et votre fonction")
NAME_HELP = _("Vos collègues le liront, par exemple « Hélène Vidal, maire ».")
PASSWORD_HELP = _("Douze caractères au moins. Trois ou quatre mots sans rapport se retiennent bien.")


def name_of(territory: Territory | None) -> str:
    """Return how a territory is written in an address: `commune:15014`; "" for the whole country."""
    kinds = {Commune: "commune", Epci: "epci", Departement: "departement", Region: "region"}
    return f"{kinds[type(territory)]}:{territory.pk}" if territory is not None else ""


class InviteForm(forms.Form):
    """`email`, `role`, and `where` inside `territory`: a list when it is short, a code else."""

    email = _email(_("Adresse électronique de la personne"))
    role = forms.ChoiceField(label=_("Rôle"), widget=forms.RadioSelect)
    where = forms.CharField(label=_("Territoire"), max_length=20, required=False)

    def __init__(self, *args: Any, territory: Territory | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.territory = territory
        roles = forms.ChoiceField(
            label=_("Rôle"),
            choices=[(role.value, str(role.label).capitalize()) for role in roles_for(territory)],
            widget=forms.RadioSelect,
            error_messages={"required": _("Choisissez ce que la personne pourra faire.")},
        )
        self.fields["role"] = roles
        self._place_field()

    def clean_where(self) -> Territory | None:
        """Return the territory meant; the verb checks that it is inside one's own."""
        typed = self.cleaned_data["where"].strip().upper()
        if not typed:
            return self.territory
        try:
            return parse_territory(_spelled(typed))
        except ValidationError as error:
            raise ValidationError(error.messages) from error

    def _place_field(self) -> None:
        field = self.fields["where"]
        if isinstance(self.territory, Commune):
            del self.fields["where"]
            return
        if self.territory is not None:
            communes = list(
                Commune.objects.current().within(self.territory).order_by("nom").only("nom")[: MAX_LISTED + 1]
            )
            if len(communes) <= MAX_LISTED:
                choices = [("", str(self.territory)), *((name_of(one), one.nom) for one in communes)]
                field.widget = forms.Select(choices=choices)
                return
        field.help_text = _(
            "Code INSEE d'une commune (15014), SIREN d'une intercommunalité, numéro d'un département. "
            "Vide : tout votre territoire."
        )

    def clean(self) -> dict[str, Any]:
        """A commune has no list: its own is meant."""
        return {"where": self.territory, **self.cleaned_data}


def _spelled(typed: str) -> str:
    for pattern, kind in _BARE:
        if re.fullmatch(pattern, typed):
            return f"{kind}:{typed}"
    kind, colon, code = typed.partition(":")
    return f"{kind.lower()}{colon}{code}"


class NewPersonForm(forms.Form):
    """`name` and `password` of who accepts an invitation and has no account."""

    name = _text(NAME, NAME_HELP, length=MAX_NAME, autocomplete="name")
    password = _password(_("Mot de passe"), PASSWORD_HELP)


class SignedClaimForm(forms.Form):
    """`code` of the letter, for who is signed in."""

    code = _text(
        _("Code reçu par la mairie"), _("Huit lettres et chiffres, par exemple ABCD 3467."),
        length=3 * LENGTH, autocomplete="one-time-code", autocapitalize="characters", spellcheck="false",
    )  # fmt: skip


class ClaimForm(SignedClaimForm):
    """`code`, then the `name`, `email` and `password` of who will decide."""

    name = _text(NAME, NAME_HELP, length=MAX_NAME, autocomplete="name")
    email = _email(
        _("Votre adresse électronique"), _("La vôtre plutôt que celle de la mairie : elle vous identifie.")
    )
    password = _password(_("Mot de passe"), PASSWORD_HELP)


class AccessForm(forms.Form):
    """`name`, `email` and `words` of who asks those who already decide for an access."""

    name = _text(NAME, length=MAX_NAME, autocomplete="name")
    email = _email(_("Votre adresse électronique"))
    words = forms.CharField(
        label=_("Votre message (facultatif)"), max_length=MAX_WORDS, required=False,
        widget=forms.Textarea({"rows": 3}),
    )  # fmt: skip


class AbsenceForm(forms.Form):
    """`mandate`, `first_day`, `last_day`, and who: a `colleague`, or somebody by `email`."""

    first_day = forms.DateField(
        label=_("Premier jour"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d", "%d/%m/%Y"], error_messages={"invalid": _("Écrivez la date ainsi : 04/05/2026.")},
    )  # fmt: skip
    last_day = forms.DateField(
        label=_("Dernier jour"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d", "%d/%m/%Y"], error_messages={"invalid": _("Écrivez la date ainsi : 04/05/2026.")},
    )  # fmt: skip
    colleague = forms.TypedChoiceField(
        label=_("Qui décide à votre place"), coerce=int, empty_value=None, required=False,
        widget=forms.RadioSelect, error_messages={"invalid_choice": _("Cette personne n'a plus de mandat ici.")},
    )  # fmt: skip
    email = _email(
        _("Son adresse électronique"),
        _("Pour une personne qui n'est pas dans la liste : elle recevra une invitation."),
        required=False,
    )

    def __init__(self, *args: Any, mandates: list[Membership], colleagues: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["first_day"].initial = timezone.localdate()
        self.fields["last_day"].initial = timezone.localdate() + dt.timedelta(days=14)
        if colleagues:
            choices = [(one.pk, one.display_name or one.email) for one in colleagues]
            self.fields["colleague"].choices = [*choices, ("", _("Une autre personne"))]  # type: ignore[attr-defined]  # a choice field
        else:
            del self.fields["colleague"]
        mandate = forms.TypedChoiceField(
            label=_("Mandat"), coerce=int, choices=[(one.pk, str(one)) for one in mandates],
            initial=mandates[0].pk if mandates else None,
            widget=forms.RadioSelect if len(mandates) > 1 else forms.HiddenInput,
        )  # fmt: skip
        self.fields = {"mandate": mandate, **self.fields}

    def clean(self) -> dict[str, Any]:
        """Somebody must be named."""
        data = self.cleaned_data
        if not data.get("colleague") and not data.get("email") and not self.errors:
            self.add_error(
                "email", _("Dites qui décide à votre place : choisissez une personne, ou donnez son adresse.")
            )
        return data

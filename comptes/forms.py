"""Forms of the account pages. Those of allauth keep its field names and take our words."""

from typing import Any

from allauth.account import forms as allauth_forms
from django import forms
from django.utils.translation import gettext_lazy as _

from comptes.tokens import NAME_MAX


class SignInForm(allauth_forms.LoginForm):
    """`login` and `password`; labels say everything, so there is no placeholder."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self, "login", _("Adresse électronique"))
        _say(self, "password", _("Mot de passe"))


class ForgottenPasswordForm(allauth_forms.ResetPasswordForm):
    """`email`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self, "email", _("Adresse électronique de votre compte"))


class NewPasswordForm(allauth_forms.ResetPasswordKeyForm):
    """`password1`, `password2`, after the link of the letter."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say_new_password(self)


class ChangePasswordForm(allauth_forms.ChangePasswordForm):
    """`oldpassword`, `password1`, `password2`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self, "oldpassword", _("Mot de passe actuel"))
        _say_new_password(self)


class SetPasswordForm(allauth_forms.SetPasswordForm):
    """`password1`, `password2`, for who has no password yet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say_new_password(self)


class ConfirmPasswordForm(allauth_forms.ReauthenticateForm):
    """`password`, to confirm during a session that it is the same person."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self, "password", _("Mot de passe actuel"))


class TokenForm(forms.Form):
    """`name` of a new token; the verb in tokens.py judges it."""

    name = forms.CharField(
        label=_("Nom du jeton"),
        help_text=_("Ce qui vous permettra de le reconnaître, par exemple « QGIS du bureau »."),
        max_length=NAME_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def _say(form: forms.Form, name: str, label: Any, help_text: Any = "") -> None:
    field = form.fields[name]
    field.label, field.help_text = label, help_text
    field.widget.attrs.pop("placeholder", None)


def _say_new_password(form: forms.Form) -> None:
    _say(
        form,
        "password1",
        _("Nouveau mot de passe"),
        _("Douze caractères au moins. Trois ou quatre mots sans rapport se retiennent bien."),
    )
    _say(form, "password2", _("Nouveau mot de passe, une seconde fois"))

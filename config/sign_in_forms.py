"""Which of our forms takes the place of which of allauth's: part of the settings, apart for length."""

ACCOUNT_FORMS = {
    "login": "comptes.forms.SignInForm",
    "reset_password": "comptes.forms.ForgottenPasswordForm",
    "reset_password_from_key": "comptes.forms.NewPasswordForm",
    "change_password": "comptes.forms.ChangePasswordForm",
    "set_password": "comptes.forms.SetPasswordForm",
    "reauthenticate": "comptes.forms.ConfirmPasswordForm",
}

MFA_FORMS = {
    "authenticate": "comptes.second_factor_forms.CodeForm",
    "reauthenticate": "comptes.second_factor_forms.ConfirmCodeForm",
    "activate_totp": "comptes.second_factor_forms.ActivateTotpForm",
    "add_webauthn": "comptes.second_factor_forms.AddKeyForm",
    "authenticate_webauthn": "comptes.second_factor_forms.KeyForm",
    "reauthenticate_webauthn": "comptes.second_factor_forms.ConfirmKeyForm",
}

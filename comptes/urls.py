"""Pages of comptes. allauth's addresses are taken one by one: those of sign-up do not exist."""

from allauth.account import views as allauth_views
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.http import require_http_methods

from comptes import second_factor_views, views
from comptes.proconnect import views as proconnect

PASSWORD = "compte/mot-de-passe"  # noqa: S105  # the beginning of an address

FACTOR = "compte/second-facteur"

# allauth takes a PUT for a POST; we have no such door.
form_only = require_http_methods(["GET", "HEAD", "POST"])

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("comptes.team_urls")),
    path("compte/", views.account, name="compte"),
    path("compte/connexion/", form_only(views.sign_in), name="account_login"),
    path("compte/deconnexion/", form_only(proconnect.sign_out), name="account_logout"),
    path("compte/inactif/", form_only(allauth_views.account_inactive), name="account_inactive"),
    path("compte/jetons/", views.create_token, name="compte_jeton_creer"),
    path("compte/jetons/<str:digest>/revoquer/", views.revoke_token, name="compte_jeton_revoquer"),
    path(f"{PASSWORD}/oublie/", form_only(allauth_views.password_reset), name="account_reset_password"),
    path(
        f"{PASSWORD}/envoye/",
        form_only(allauth_views.password_reset_done),
        name="account_reset_password_done",
    ),
    # One opaque word on purpose: allauth joins the two parts with a dash.
    re_path(
        rf"^{PASSWORD}/nouveau/(?P<uidb36>[0-9A-Za-z]{{1,13}})-(?P<key>[0-9A-Za-z-]{{1,80}})/$",
        form_only(allauth_views.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path(
        f"{PASSWORD}/change/",
        form_only(allauth_views.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
    path(f"{PASSWORD}/changer/", form_only(views.ChangePassword.as_view()), name="account_change_password"),
    path(f"{PASSWORD}/choisir/", form_only(allauth_views.password_set), name="account_set_password"),
    path(f"{FACTOR}/", form_only(second_factor_views.Overview.as_view()), name="mfa_index"),
    path(
        f"{FACTOR}/application/",
        form_only(second_factor_views.ActivateTotp.as_view()),
        name="mfa_activate_totp",
    ),
    path(
        f"{FACTOR}/application/retirer/",
        form_only(second_factor_views.DeactivateTotp.as_view()),
        name="mfa_deactivate_totp",
    ),
    path(f"{FACTOR}/cle/", form_only(second_factor_views.AddKey.as_view()), name="mfa_add_webauthn"),
    path(
        f"{FACTOR}/cles/<int:pk>/retirer/",
        form_only(second_factor_views.RemoveKey.as_view()),
        name="mfa_remove_webauthn",
    ),
    path(
        f"{FACTOR}/codes/",
        form_only(second_factor_views.RecoveryCodes.as_view()),
        name="mfa_view_recovery_codes",
    ),
    path(
        f"{FACTOR}/codes/nouveaux/",
        form_only(second_factor_views.NewRecoveryCodes.as_view()),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "compte/connexion/verification/",
        form_only(second_factor_views.SignInSecondStep.as_view()),
        name="mfa_authenticate",
    ),
    path(
        "compte/verifier/",
        form_only(second_factor_views.ConfirmPassword.as_view()),
        name="account_reauthenticate",
    ),
    path(
        "compte/verifier/code/",
        form_only(second_factor_views.ConfirmCode.as_view()),
        name="mfa_reauthenticate",
    ),
    path(
        "compte/verifier/cle/",
        form_only(second_factor_views.ConfirmKey.as_view()),
        name="mfa_reauthenticate_webauthn",
    ),
    path("compte/proconnect/", proconnect.leave, name="proconnect"),
    path("compte/proconnect/retour/", proconnect.come_back, name="proconnect-retour"),
    path("compte/proconnect/commune/", proconnect.commune, name="proconnect-commune"),
    path("compte/proconnect/deconnecte/", proconnect.signed_out, name="proconnect-deconnecte"),
]

"""Pages of comptes. allauth's addresses are taken one by one: those of sign-up do not exist."""

from allauth.account import views as allauth_views
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.http import require_http_methods

from comptes import views

PASSWORD = "compte/mot-de-passe"  # noqa: S105  # the beginning of an address

# allauth takes a PUT for a POST; we have no such door.
form_only = require_http_methods(["GET", "HEAD", "POST"])

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("comptes.team_urls")),
    path("compte/", views.account, name="compte"),
    path("compte/connexion/", form_only(views.sign_in), name="account_login"),
    path("compte/deconnexion/", form_only(views.sign_out), name="account_logout"),
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
]

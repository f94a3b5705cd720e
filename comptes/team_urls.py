"""Addresses of the team, of the first access of a commune, of absences, and of what letters open."""

from django.urls import URLPattern, URLResolver, path

from comptes import views_absence, views_claims, views_invitation, views_team

CLAIM = "equipe/revendiquer"

urlpatterns: list[URLPattern | URLResolver] = [
    path("equipe/", views_team.team, name="equipe"),
    path("equipe/inviter/", views_team.invite, name="equipe-inviter"),
    path("equipe/invitations/<int:pk>/annuler/", views_team.cancel, name="equipe-annuler"),
    path("equipe/invitations/<int:pk>/approuver/", views_team.approve, name="equipe-approuver"),
    path("equipe/mandats/<int:pk>/fin/", views_team.end_mandate, name="equipe-fin"),
    path("equipe/confirmer/", views_team.attest, name="equipe-confirmer"),
    path(f"{CLAIM}/", views_claims.search, name="equipe-revendiquer"),
    path(f"{CLAIM}/code/<uuid:claim_id>/", views_claims.redeem, name="equipe-code"),
    path(f"{CLAIM}/<str:code>/", views_claims.commune, name="equipe-commune"),
    path(f"{CLAIM}/<str:code>/code/", views_claims.ask_code, name="equipe-demander-code"),
    path(f"{CLAIM}/<str:code>/demande/", views_claims.ask_access, name="equipe-demander-acces"),
    path("equipe/contester/<str:token>/", views_invitation.contest, name="equipe-contester"),
    path("invitation/<str:token>/", views_invitation.invitation, name="invitation"),
    path("confirmation/<str:token>/", views_invitation.attest, name="attestation"),
    path("compte/absence/", views_absence.absence, name="compte-absence"),
    path("compte/confirmer/", views_absence.attest, name="compte-confirmer"),
]

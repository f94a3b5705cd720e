"""Pages of the register: decisions for everybody, letters for who subscribes, reasons taken out."""

from django.urls import URLPattern, URLResolver, path

from moderation import views_register, views_subscriptions

urlpatterns: list[URLPattern | URLResolver] = [
    path("communes/<str:code>/decisions/", views_register.register, name="register"),
    path("communes/<str:code>/decisions.atom", views_register.feed, name="register-atom"),
    path("communes/<str:code>/decisions/abonnement/", views_subscriptions.ask, name="register-subscribe"),
    path("abonnements/fin/<str:token>/", views_subscriptions.ending, name="subscription-end"),
    path("abonnements/<str:token>/", views_subscriptions.confirmation, name="subscription-confirm"),
    path("moderation/registre/<str:code>/", views_register.redactions, name="moderation-register"),
]

"""Pages of moderation, and the author's follow-up."""

from django.urls import URLPattern, URLResolver, path

from moderation import views, views_author, views_completing, views_publication, views_reasons

urlpatterns: list[URLPattern | URLResolver] = [
    path("moderation/", views.queue, name="moderation-queue"),
    path("moderation/lot/", views.batch, name="moderation-batch"),
    path("moderation/publication/", views_publication.publication, name="moderation-publication"),
    path("moderation/publication/<slug:slug>/", views_publication.publish, name="moderation-publish"),
    path(
        "moderation/publication/<slug:slug>/<int:number>/retablir/",
        views_publication.go_back,
        name="moderation-revert",
    ),
    path("moderation/fiches/", views_completing.features, name="moderation-features"),
    path("moderation/fiches/<uuid:pk>/", views_completing.feature, name="moderation-feature"),
    path("moderation/motifs/", views_reasons.reasons, name="moderation-reasons"),
    path("moderation/motifs/nouveau/", views_reasons.new_reason, name="moderation-reason-new"),
    path("moderation/motifs/<int:pk>/", views_reasons.one_reason, name="moderation-reason"),
    path("moderation/photos/<int:pk>/", views.photo, name="moderation-photo"),
    path("moderation/<uuid:pk>/", views.detail, name="moderation-one"),
    path("suivi/", views_author.follow_up, name="suivi"),
    path("suivi/retrait/", views_author.withdraw_page, name="suivi-retrait"),
    path("suivi/reponse/", views_author.answer_page, name="suivi-reponse"),
    path("suivi/correction/", views_author.correct_page, name="suivi-correction"),
    path("suivi/retrouver/", views_author.recover_page, name="suivi-retrouver"),
]

"""Pages of moderation, and the author's follow-up."""

from django.urls import URLPattern, URLResolver, path

from moderation import (
    views,
    views_author,
    views_card,
    views_gestures,
    views_publication,
    views_queue,
    views_saved_filters,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("moderation/", views_queue.queue, name="moderation-queue"),
    path("moderation/lot/", views.batch, name="moderation-batch"),
    path("moderation/publication/", views_publication.publication, name="moderation-publication"),
    path("moderation/publication/<slug:slug>/", views_publication.publish, name="moderation-publish"),
    path(
        "moderation/publication/<slug:slug>/<int:number>/retablir/",
        views_publication.go_back,
        name="moderation-revert",
    ),
    path("moderation/photos/<int:pk>/", views.photo, name="moderation-photo"),
    path("moderation/filtres/", views_saved_filters.save, name="moderation-filters"),
    path(
        "moderation/filtres/<int:pk>/renommer/", views_saved_filters.rename, name="moderation-filter-rename"
    ),
    path(
        "moderation/filtres/<int:pk>/supprimer/", views_saved_filters.delete, name="moderation-filter-delete"
    ),
    path("moderation/gestes/", views_gestures.gesture, name="moderation-gesture"),
    path("moderation/gestes/<uuid:pk>/annulation/", views_gestures.undo_page, name="moderation-undo"),
    path("moderation/<uuid:pk>/", views_card.detail, name="moderation-one"),
    path("suivi/", views_author.follow_up, name="suivi"),
    path("suivi/retrait/", views_author.withdraw_page, name="suivi-retrait"),
    path("suivi/reponse/", views_author.answer_page, name="suivi-reponse"),
    path("suivi/correction/", views_author.correct_page, name="suivi-correction"),
    path("suivi/retrouver/", views_author.recover_page, name="suivi-retrouver"),
]

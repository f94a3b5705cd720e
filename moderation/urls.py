"""Pages of moderation, and the author's follow-up."""

from django.urls import URLPattern, URLResolver, path

from moderation import (
    urls_register,
    views,
    views_author,
    views_card,
    views_completing,
    views_gestures,
    views_links,
    views_mail,
    views_practice,
    views_publication,
    views_queue,
    views_reasons,
    views_saved_filters,
)

# The same views on one's own invented reports: the address says so (`moderation.desk`).
SANDBOX: list[URLPattern | URLResolver] = [
    path("moderation/bac-a-sable/", views_practice.queue, name="bac-a-sable"),
    path("moderation/bac-a-sable/lot/", views.batch, name="bac-a-sable-lot"),
    path("moderation/bac-a-sable/photos/<int:pk>/", views.photo, name="bac-a-sable-photo"),
    path("moderation/bac-a-sable/gestes/", views_gestures.gesture, name="bac-a-sable-geste"),
    path(
        "moderation/bac-a-sable/gestes/<uuid:pk>/annulation/",
        views_gestures.undo_page,
        name="bac-a-sable-annulation",
    ),
    path("moderation/bac-a-sable/<uuid:pk>/", views_card.detail, name="bac-a-sable-one"),
    path("moderation/bac-a-sable/remise-a-zero/", views_practice.start_again, name="bac-a-sable-reset"),
    path("moderation/bac-a-sable/visite/", views_practice.guided_tour, name="bac-a-sable-visite"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    *SANDBOX,
    path("moderation/", views_queue.queue, name="moderation-queue"),
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
    path("moderation/lien/<str:token>/", views_links.link, name="moderation-link"),
    path("moderation/lien/<str:token>/photos/<int:n>/", views_links.link_photo, name="moderation-link-photo"),
    path("moderation/courriels/", views_mail.preferences, name="moderation-mail"),
    path("moderation/courriels/arret/<str:token>/", views_mail.stop, name="moderation-mail-stop"),
    path("suivi/", views_author.follow_up, name="suivi"),
    path("suivi/retrait/", views_author.withdraw_page, name="suivi-retrait"),
    path("suivi/reponse/", views_author.answer_page, name="suivi-reponse"),
    path("suivi/correction/", views_author.correct_page, name="suivi-correction"),
    path("suivi/retrouver/", views_author.recover_page, name="suivi-retrouver"),
    path("suivi/recours/", views_author.appeal_page, name="suivi-recours"),
    *urls_register.urlpatterns,
]

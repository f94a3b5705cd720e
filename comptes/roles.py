"""Roles and the gestures each one opens: the permissions table."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a membership lets a person do on its territory."""

    MODERATOR = "moderator", _("décide")
    CLERK = "clerk", _("saisit et prépare")
    STEWARD = "steward", _("publie les couches")
    ADMIN_TERRITORY = "admin_territory", _("attribue les rôles")


class Gesture(models.TextChoices):
    """One thing somebody may ask to do on a territory."""

    SEE_QUEUE = "see_queue", _("voir la file d'attente")
    ENTER_FOR_OTHERS = "enter_for_others", _("saisir pour quelqu'un")
    IMPORT = "import", _("importer un fichier")
    DECIDE = "decide", _("décider")
    PUBLISH = "publish", _("publier une couche")
    GRANT_ROLES = "grant_roles", _("attribuer des rôles")


ROLE_GESTURES: dict[Role, frozenset[Gesture]] = {
    Role.MODERATOR: frozenset({Gesture.SEE_QUEUE, Gesture.ENTER_FOR_OTHERS, Gesture.IMPORT, Gesture.DECIDE}),
    Role.CLERK: frozenset({Gesture.SEE_QUEUE, Gesture.ENTER_FOR_OTHERS, Gesture.IMPORT}),
    Role.STEWARD: frozenset({Gesture.PUBLISH, Gesture.IMPORT}),
    Role.ADMIN_TERRITORY: frozenset({Gesture.GRANT_ROLES}),
}

# What binds a territory or opens it to others: a password alone is not enough from a page.
STRONG_GESTURES = frozenset({Gesture.DECIDE, Gesture.PUBLISH, Gesture.GRANT_ROLES})
# Who decides, publishes or grants must say once a year that they still hold their office.
ATTESTED_ROLES = [role for role, opened in ROLE_GESTURES.items() if opened & STRONG_GESTURES]

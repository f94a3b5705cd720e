"""A public reason taken out of the register: the decision stands, its words no longer show."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from moderation.models.decision import Decision


class Redaction(models.Model):
    """One decision whose public reason held what should not have been public.

    Never edited, never deleted: words that were taken out do not come back. The reason remains in
    the journal, which officials alone read, and with the author, to whom it was sent.
    """

    class Why(models.TextChoices):
        """What residents read in its place: a list, since a free text could repeat the mistake."""

        PERSONAL_DATA = "personal", _("il contenait une donnée personnelle")
        WRONG_REPORT = "wrong", _("il parlait d'un autre signalement")
        IMPROPER = "improper", _("ses termes ne convenaient pas")

    decision = models.OneToOneField(
        Decision, models.PROTECT, primary_key=True, related_name="redaction", verbose_name=_("décision")
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("par"))
    at = models.DateTimeField(_("le"))
    why = models.CharField(_("raison"), max_length=10, choices=Why.choices)

    class Meta:
        verbose_name = _("motif retiré")
        constraints = [
            models.CheckConstraint(
                name="redaction_why_known", condition=models.Q(why__in=["personal", "wrong", "improper"])
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="redaction_append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

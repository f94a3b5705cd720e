"""Who asked to receive a commune's decisions by e-mail, once they confirmed that they did."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from couches.models import Couche
from territoires.models import Commune


class Subscription(models.Model):
    """One address, one commune, one couche (null: all of them); by consent, confirmed by letter.

    Until `confirmed_at` it is only what somebody typed: it receives one letter, whose link opens it
    (`token_sha256`), and is deleted after two days. Ending it deletes the row, address included.
    `told_until` is the instant up to which decisions were sent: the next letter begins there.
    """

    class Frequency(models.TextChoices):
        """How often, and then only when something was decided."""

        WEEKLY = "weekly", _("chaque lundi")
        DAILY = "daily", _("chaque matin")

    email = models.EmailField(_("adresse électronique"))
    email_sha256 = models.CharField(_("empreinte de l'adresse"), max_length=64)
    commune = models.ForeignKey(Commune, models.PROTECT, related_name="+", verbose_name=_("commune"))
    couche = models.ForeignKey(
        Couche, models.PROTECT, null=True, related_name="+", verbose_name=_("couche"), db_index=False
    )
    frequency = models.CharField(_("rythme"), max_length=6, choices=Frequency.choices)
    token_sha256 = models.CharField(_("empreinte du lien"), max_length=64, unique=True)
    created_at = models.DateTimeField(_("demandé le"))
    confirmed_at = models.DateTimeField(_("confirmé le"), null=True)
    told_until = models.DateTimeField(_("informé jusqu'au"), null=True)

    class Meta:
        verbose_name = _("abonnement")
        indexes = [
            models.Index(
                fields=["created_at"],
                name="subscription_unconfirmed",
                condition=Q(confirmed_at__isnull=True),
            ),
            models.Index(
                fields=["frequency", "commune"],
                name="subscription_to_tell",
                condition=Q(confirmed_at__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["email_sha256", "commune", "couche"],
                name="subscription_once",
                condition=Q(confirmed_at__isnull=False),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="subscription_confirmed_then_told",
                condition=Q(confirmed_at__isnull=True, told_until__isnull=True)
                | Q(confirmed_at__gte=F("created_at"), told_until__isnull=False),
            ),
            models.CheckConstraint(name="subscription_has_address", condition=~Q(email="")),
            models.CheckConstraint(
                name="subscription_frequency_known", condition=Q(frequency__in=["weekly", "daily"])
            ),
        ]

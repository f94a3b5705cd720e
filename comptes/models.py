"""Users, their memberships and the outbox of letters."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comptes.querysets import MembershipQuerySet, NotificationQuerySet
from comptes.roles import Role
from territoires.models import Commune, Departement, Epci, Region


class UserManager(BaseUserManager["User"]):
    """Creates users by e-mail, which is their name here."""

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> "User":
        """Create a user; without a password none can be typed at the sign-in form."""
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> "User":
        """Create the operator of the instance."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)


class User(AbstractBaseUser, PermissionsMixin):
    """An official, a clerk, a steward or an operator. Residents need no account."""

    email = models.EmailField(_("adresse électronique"), unique=True)
    display_name = models.CharField(_("nom affiché"), max_length=120, blank=True)
    is_active = models.BooleanField(_("actif"), default=True)
    is_staff = models.BooleanField(_("exploitant"), default=False)
    date_joined = models.DateTimeField(_("créé le"), default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("personne")
        constraints = [
            models.CheckConstraint(name="user_email_lowercase", condition=Q(email=models.functions.Lower("email")))
        ]

    def __str__(self) -> str:
        return self.display_name or self.email


class Membership(models.Model):
    """A role on exactly one territory, from `starts` until `ends` (exclusive, null = open).

    A higher territory covers its communes. Read from the database at each request
    and each job: a mandate that ended opens nothing.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(_("rôle"), max_length=20, choices=Role.choices)
    commune = models.ForeignKey(Commune, models.PROTECT, null=True, blank=True, related_name="memberships")
    epci = models.ForeignKey(Epci, models.PROTECT, null=True, blank=True, related_name="memberships")
    departement = models.ForeignKey(Departement, models.PROTECT, null=True, blank=True, related_name="memberships")
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, related_name="memberships")
    national = models.BooleanField(_("toute la France"), default=False)
    starts = models.DateTimeField(_("début"), default=timezone.now)
    ends = models.DateTimeField(_("fin"), null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("mandat")
        constraints = [
            models.CheckConstraint(
                name="membership_exactly_one_territory",
                condition=(
                    Q(commune__isnull=False, epci=None, departement=None, region=None, national=False)
                    | Q(commune=None, epci__isnull=False, departement=None, region=None, national=False)
                    | Q(commune=None, epci=None, departement__isnull=False, region=None, national=False)
                    | Q(commune=None, epci=None, departement=None, region__isnull=False, national=False)
                    | Q(commune=None, epci=None, departement=None, region=None, national=True)
                ),
            ),
            models.CheckConstraint(
                name="membership_period_forward", condition=Q(ends__isnull=True) | Q(ends__gt=F("starts"))
            ),
            models.CheckConstraint(name="membership_role_known", condition=Q(role__in=Role.values)),
        ]

    @property
    def territory(self) -> Commune | Epci | Departement | Region | None:
        """The territory, or None for the whole country."""
        return self.commune or self.epci or self.departement or self.region


class Notification(models.Model):
    """A letter to send: written in the transaction of the event, sent by a job, once.

    `recipient` is emptied once sent: the outbox is not an address book.
    """

    event = models.CharField(_("événement"), max_length=120)
    template = models.CharField(_("modèle"), max_length=60)
    recipient = models.EmailField(_("destinataire"))
    context = models.JSONField(_("contenu"), default=dict)
    created_at = models.DateTimeField(_("écrite le"), default=timezone.now)
    sent_at = models.DateTimeField(_("partie le"), null=True)
    attempts = models.PositiveSmallIntegerField(_("essais"), default=0)
    last_error = models.CharField(_("dernière erreur"), max_length=200, blank=True)
    recipient_hash = models.CharField(max_length=64)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("courrier")
        constraints = [
            models.UniqueConstraint(fields=["event", "recipient_hash"], name="notification_once"),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="notification_waiting", condition=Q(sent_at=None)),
        ]

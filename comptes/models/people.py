"""Users, their memberships and their tokens."""

import datetime as dt
from typing import Any, ClassVar

import pgtrigger
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken

from comptes.models import triggers
from comptes.querysets import MembershipQuerySet
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


class User(AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing]  # knox's reverse name
    """An official, a clerk, a steward or an operator. Residents need no account."""

    email = models.EmailField(_("adresse électronique"), unique=True)
    display_name = models.CharField(_("nom affiché"), max_length=120, blank=True)
    is_active = models.BooleanField(_("actif"), default=True)
    is_staff = models.BooleanField(_("exploitant"), default=False)
    date_joined = models.DateTimeField(_("créé le"), default=timezone.now)
    # Raised when an office is left: every session opened before is closed at its next request.
    sessions_epoch = models.PositiveIntegerField(_("ère des sessions"), default=0)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("personne")
        constraints = [models.CheckConstraint(name="user_email_lowercase", condition=Q(email=Lower("email")))]
        triggers = [
            pgtrigger.Trigger(
                name="deactivation_ends_delegations",
                operation=pgtrigger.UpdateOf("is_active"),
                when=pgtrigger.After,
                condition=pgtrigger.Q(old__is_active=True, new__is_active=False),
                func=triggers.END_DELEGATIONS_OF_THE_INACTIVE,
            )
        ]

    def __str__(self) -> str:
        return self.display_name or self.email

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Django's, of the password and of the era of sessions: a new era closes them all."""
        signed = f"{self.password}:{self.sessions_epoch}" if self.sessions_epoch else self.password
        salt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"
        return salted_hmac(salt, signed, secret=secret, algorithm="sha256").hexdigest()


def exactly_one_territory() -> Q:
    """Return the condition that one of the five kinds of territory is named, and one only."""
    kinds = ["commune", "epci", "departement", "region"]
    condition = Q(**dict.fromkeys(kinds), national=True)
    for kind in kinds:
        others = dict.fromkeys([one for one in kinds if one != kind])
        condition |= Q(**{f"{kind}__isnull": False}, **others, national=False)
    return condition


class Membership(models.Model):
    """A role on exactly one territory, from `starts` until `ends` (exclusive, null = open).

    `ends` equal to `starts`: it was called off before it began. A higher territory covers its
    communes. Read from the database at each request and each job: a mandate that ended opens nothing.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(_("rôle"), max_length=20, choices=Role.choices)
    commune = models.ForeignKey(Commune, models.PROTECT, null=True, blank=True, related_name="memberships")
    epci = models.ForeignKey(Epci, models.PROTECT, null=True, blank=True, related_name="memberships")
    departement = models.ForeignKey(
        Departement, models.PROTECT, null=True, blank=True, related_name="memberships"
    )
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, related_name="memberships")
    national = models.BooleanField(_("toute la France"), default=False)
    starts = models.DateTimeField(_("début"), default=timezone.now)
    ends = models.DateTimeField(_("fin"), null=True, blank=True)
    # When its holder, or whoever grants roles there, last said that the office is still held.
    attested_on = models.DateField(_("confirmé le"), default=timezone.localdate)
    # The mandate in whose place this one decides, for a period: it ends with it at the latest.
    delegated_by = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="delegations"
    )

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
                name="membership_period_forward", condition=Q(ends__isnull=True) | Q(ends__gte=F("starts"))
            ),
            models.CheckConstraint(
                name="membership_delegation_has_an_end",
                condition=Q(delegated_by=None) | Q(role=Role.MODERATOR, ends__isnull=False),
            ),
            models.CheckConstraint(name="membership_role_known", condition=Q(role__in=Role.values)),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="delegation_within_mandate",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(new__delegated_by__isnull=False),
                func=triggers.DELEGATION_WITHIN_MANDATE,
            ),
            pgtrigger.Trigger(
                name="delegations_end_with_mandate",
                operation=pgtrigger.UpdateOf("ends"),
                when=pgtrigger.After,
                condition=pgtrigger.Q(new__ends__isnull=False),
                func=triggers.END_DELEGATIONS_WITH_MANDATE,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} · {self.territory or _('toute la France')}"

    @property
    def territory(self) -> Commune | Epci | Departement | Region | None:
        """The territory, or None for the whole country."""
        return self.commune or self.epci or self.departement or self.region

    @property
    def on_behalf_of(self) -> str:
        """Who is replaced, by name, when this mandate is a delegation; else ""."""
        return self.delegated_by.user.display_name or str(_("l'élu")) if self.delegated_by else ""

    @property
    def last_day(self) -> dt.date | None:
        """The last whole day of the period, in the country's time; None without an end."""
        return timezone.localdate(self.ends - dt.timedelta(seconds=1)) if self.ends else None

    @property
    def is_over(self) -> bool:
        """Ended already; a mandate without end is never over."""
        return self.ends is not None and self.ends <= timezone.now()

    @property
    def is_live(self) -> bool:
        """In force now, for showing only: rights are always asked of the database."""
        return self.starts <= timezone.now() and not self.is_over


class ApiToken(AbstractAuthToken):
    """A bearer token of a person, known by the name they gave it; only its digest is kept.

    It carries no right of its own: what it opens is what the person's mandates open that day.
    """

    name = models.CharField(_("nom"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("jeton")
        ordering = ["created"]

    def __str__(self) -> str:
        return self.name or self.token_key

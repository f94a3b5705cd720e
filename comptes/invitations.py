"""Invitations: written by who grants roles, approved by a second one above the communes, accepted once."""

import datetime as dt
import uuid

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from comptes.links import absolute, hash_link, new_link
from comptes.mandates import Action, Via, grant, on, record
from comptes.models import Invitation, Membership, User
from comptes.notifications import notify
from comptes.permissions import NotAdministrator, administrators_of, check_grant, may_grant
from comptes.querysets import Territory
from comptes.roles import Role
from comptes.town_halls import clean_address
from territoires.models import Commune

DAYS = 7
MAX_PENDING = 100
MAX_APPROVERS = 10
MAX_NAME = 120
KEPT = dt.timedelta(days=30)


class InvitationRefused(Exception):
    """An invitation that opens nothing; the message says why and what to do."""

    message = gettext_lazy("Cette invitation n'existe pas ou plus.")

    def __str__(self) -> str:
        return str(self.message)


class UnknownInvitation(InvitationRefused):
    """No invitation has this token."""

    message = gettext_lazy(
        "Ce lien n'ouvre rien : il est incomplet, ou une invitation plus récente l'a remplacé. "
        "Ouvrez le dernier courriel reçu, ou demandez une nouvelle invitation."
    )


class ExpiredInvitation(InvitationRefused):
    """Seven days have passed."""

    message = gettext_lazy(
        "Cette invitation a expiré : elle valait sept jours. Demandez-en une autre à qui vous a invité."
    )


class UsedInvitation(InvitationRefused):
    """It was accepted."""

    message = gettext_lazy("Cette invitation a déjà servi. Connectez-vous avec votre compte.")


class CancelledInvitation(InvitationRefused):
    """It was called off, or whoever wrote it may no longer grant that role."""

    message = gettext_lazy("Cette invitation a été annulée. Demandez-en une autre à votre collectivité.")


class SomebodyElse(InvitationRefused):
    """Somebody else is signed in."""

    message = gettext_lazy(
        "Cette invitation est pour une autre adresse que celle de votre compte. Déconnectez-vous, "
        "puis rouvrez le lien du courriel."
    )


class SignInToAccept(InvitationRefused):
    """The address has an account already."""

    message = gettext_lazy("Vous avez déjà un compte : connectez-vous avec cette adresse pour accepter.")


def roles_for(territory: Territory | None) -> list[Role]:
    """Return the roles that mean something there: publishing is national."""
    return [role for role in Role if role != Role.STEWARD or territory is None]


def needs_second(by: User, territory: Territory | None) -> bool:
    """Say whether another administrator must approve: above the communes, when there is another one."""
    return not isinstance(territory, Commune) and administrators_of(territory).exclude(user=by).exists()


def invite(*, by: User, email: str, role: str, territory: Territory | None) -> Invitation:
    """Propose a role on a territory to an address, whether or not it has an account.

    Raises Forbidden, and ValidationError on "email" or "role". A pending invitation that says
    the same is replaced.
    """
    check_grant(by, territory)
    email = clean_address(email)
    if role not in roles_for(territory):
        raise ValidationError(
            {"role": [_("Ce rôle n'existe pas sur ce territoire : choisissez-en un autre.")]}
        )
    if email == by.email:
        raise ValidationError(
            {"email": [_("On ne se donne pas un rôle à soi-même : demandez-le à une autre personne.")]}
        )
    with transaction.atomic():
        # Two windows at once must not pass the limit together.
        User.objects.select_for_update(of=("self",)).get(pk=by.pk)
        pending = Invitation.objects.pending()
        if pending.filter(created_by=by).count() >= MAX_PENDING:
            raise ValidationError({"email": [_("Trop d'invitations attendent : annulez-en d'abord.")]})
        same = pending.filter(email=email, role=role, delegation_of=None, **_columns(territory))
        same.update(cancelled_at=timezone.now())
        invitation = Invitation.objects.create(
            email=email, role=role, created_by=by, needs_approval=needs_second(by, territory),
            expires_at=_deadline(), **on(territory),
        )  # fmt: skip
        record(Action.INVITED, by=by, via=Via.PERSON, invitation=invitation)
        if invitation.needs_approval:
            _ask_approval(invitation)
        else:
            send(invitation)
    return invitation


def invite_by_operator(*, email: str, role: str, territory: Territory | None) -> Invitation:
    """Propose a role from the command line, by whoever holds the machine. Raises ValidationError."""
    email = clean_address(email)
    if role not in roles_for(territory):
        raise ValidationError(
            {"role": [_("Ce rôle n'existe pas sur ce territoire : choisissez-en un autre.")]}
        )
    with transaction.atomic():
        invitation = Invitation.objects.create(
            email=email, role=role, expires_at=_deadline(), **on(territory)
        )
        record(Action.INVITED, by=None, via=Via.OPERATOR, invitation=invitation)
        send(invitation)
    return invitation


def send(invitation: Invitation) -> None:
    """Write the letter with a new link; an earlier one opens nothing more."""
    token, digest = new_link()
    invitation.token_hash, invitation.expires_at = digest, _deadline()
    invitation.save(update_fields=["token_hash", "expires_at"])
    author = invitation.created_by
    notify(
        event=f"invitation:{invitation.pk}:{uuid.uuid4()}",
        template="invitation",
        recipient=invitation.email,
        context={
            "auteur": str(author) if author else "",
            "role": invitation.get_role_display(),
            "territoire": str(invitation.place),
            "delegation": invitation.delegation_of_id is not None,
            "lien": absolute(reverse("invitation", args=[token])),
            "expire": date_format(timezone.localtime(invitation.expires_at), "j F Y"),
        },
    )


def approve(*, by: User, pk: int) -> Invitation:
    """Approve what another administrator wrote: the letter leaves. Approving twice is once.

    Raises Forbidden, InvitationRefused, Invitation.DoesNotExist.
    """
    with transaction.atomic():
        invitation = _locked(pk)
        check_grant(by, invitation.territory)
        if invitation.created_by_id == by.pk:
            raise NotAdministrator
        check_open(invitation)
        if invitation.awaits_approval:
            invitation.approved_by, invitation.approved_at = by, timezone.now()
            invitation.save(update_fields=["approved_by", "approved_at"])
            record(Action.APPROVED, by=by, via=Via.PERSON, invitation=invitation)
            send(invitation)
    return invitation


def cancel(*, by: User, pk: int) -> None:
    """Call an invitation off; cancelling twice is once. Raises Forbidden, UsedInvitation, DoesNotExist."""
    with transaction.atomic():
        invitation = _locked(pk)
        source = invitation.delegation_of
        if source is None or source.user_id != by.pk:
            check_grant(by, invitation.territory)
        if invitation.accepted_at:
            raise UsedInvitation
        if invitation.cancelled_at is None:
            invitation.cancelled_at = timezone.now()
            invitation.save(update_fields=["cancelled_at"])
            record(Action.CANCELLED, by=by, via=Via.PERSON, invitation=invitation)


def find(token: str) -> Invitation:
    """Return the invitation of a link, fit to be accepted. Raises InvitationRefused."""
    digest = hash_link(token)
    rows = Invitation.objects.with_places("created_by", "delegation_of__user")
    invitation = rows.filter(token_hash=digest).first() if digest else None
    if invitation is None:
        raise UnknownInvitation
    check_open(invitation)
    return invitation


def check_open(invitation: Invitation) -> None:
    """Raise InvitationRefused unless it may still be accepted; its author's rights are read now."""
    if invitation.accepted_at:
        raise UsedInvitation
    if invitation.cancelled_at or not _still_offered(invitation):
        raise CancelledInvitation
    if invitation.expires_at <= timezone.now():
        raise ExpiredInvitation


def has_account(invitation: Invitation) -> bool:
    """Say whether the address has an account, to whoever holds its letter."""
    return User.objects.filter(email=invitation.email).exists()


def accept(*, token: str, user: User | None, name: str = "", password: str = "") -> Membership:
    """Accept as `user`, or open the account of the address with `name` and `password`.

    Raises InvitationRefused, ValidationError on "name" or "password".
    """
    with transaction.atomic():
        invitation = _locked(find(token).pk)
        check_open(invitation)
        if user is None:
            if has_account(invitation):
                raise SignInToAccept
            user = open_account(email=invitation.email, name=name, password=password)
        elif user.email != invitation.email:
            raise SomebodyElse
        mandate = _mandate(invitation, user)
        invitation.accepted_at, invitation.membership = timezone.now(), mandate
        invitation.save(update_fields=["accepted_at", "membership"])
    return mandate


def open_account(*, email: str, name: str, password: str) -> User:
    """Create the account of somebody whose mailbox is known. Raises ValidationError by field."""
    name = " ".join(name.split())
    errors: dict[str, list[str]] = {}
    if not 2 <= len(name) <= MAX_NAME:
        errors["name"] = [_("Donnez votre nom et votre fonction, par exemple « Hélène Vidal, maire ».")]
    try:
        validate_password(password, User(email=email, display_name=name))
    except ValidationError as error:
        errors["password"] = list(error.messages)
    if errors:
        raise ValidationError(errors)
    try:
        with transaction.atomic():
            return User.objects.create_user(email, password, display_name=name)
    except IntegrityError as error:
        raise SignInToAccept from error


def forget_old() -> int:
    """Empty the addresses of those that ended a month ago without being accepted; return how many."""
    long_ago = timezone.now() - KEPT
    rows = Invitation.objects.filter(accepted_at=None, expires_at__lt=long_ago).exclude(email="")
    return rows.update(email="")


def _mandate(invitation: Invitation, user: User) -> Membership:
    source = invitation.delegation_of
    period = None
    if source is not None and invitation.starts and invitation.ends:
        period = max(invitation.starts, timezone.now()), invitation.ends
    return grant(
        user=user, role=invitation.role, territory=invitation.territory, by=user, via=Via.LETTER,
        action=Action.DELEGATED if source else Action.GRANTED, period=period, delegated_by=source,
        invitation=invitation,
    )  # fmt: skip


def _still_offered(invitation: Invitation) -> bool:
    if invitation.delegation_of_id is not None:
        source = Membership.objects.live().filter(pk=invitation.delegation_of_id)
        return bool(invitation.ends and invitation.ends > timezone.now() and source.exists())
    return invitation.created_by is None or (
        invitation.created_by.is_active and may_grant(invitation.created_by, invitation.territory)
    )


def _ask_approval(invitation: Invitation) -> None:
    others = administrators_of(invitation.territory).exclude(user=invitation.created_by_id)
    emails = others.order_by("national", "pk").values_list("user__email", flat=True)
    for email in list(dict.fromkeys(emails))[:MAX_APPROVERS]:
        notify(
            event=f"approbation:{invitation.pk}",
            template="invitation-a-approuver",
            recipient=email,
            context={
                "auteur": str(invitation.created_by),
                "invite": invitation.email,
                "role": invitation.get_role_display(),
                "territoire": str(invitation.place),
                "lien": absolute(reverse("equipe")),
            },
        )


def _locked(pk: int) -> Invitation:
    rows = Invitation.objects.select_for_update(of=("self",))
    return rows.with_places("created_by", "delegation_of__user").get(pk=pk)


def _columns(territory: Territory | None) -> dict[str, object]:
    return {name: value for name, value in on(territory).items() if value is not None}


def _deadline() -> dt.datetime:
    return timezone.now() + dt.timedelta(days=DAYS)

"""The first access of a commune: a code mailed to the town hall, typed back; and how it says no."""

import datetime as dt
import secrets
import uuid

from django.conf import settings
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from comptes.invitations import MAX_NAME, SignInToAccept, open_account
from comptes.links import absolute, hash_link
from comptes.mandates import Action, Via, end, grant
from comptes.models import Claim, ContestLink, Membership, TownHallAddress, User
from comptes.notifications import notify
from comptes.permissions import roles_opening
from comptes.roles import Gesture, Role
from comptes.town_halls import clean_address
from territoires.models import Commune

# Read aloud over a counter: no letter that is taken for a digit, or for another letter.
ALPHABET = "ABCDEFGHJKMNPQRTUVWXY346789"
LENGTH = 8
DAYS = 7
MAX_TRIES = 5
PER_DAY = 3
KEPT = dt.timedelta(days=30)
MAX_WORDS = 500
FIRST_ROLES = (Role.MODERATOR, Role.ADMIN_TERRITORY)


class ClaimRefused(Exception):
    """A claim that cannot go on; the message says why and what to do."""

    message = gettext_lazy("Cette demande ne peut pas aboutir.")

    def __str__(self) -> str:
        return str(self.message)


class AddressUnknown(ClaimRefused):
    """No official address is known for the commune."""

    message = gettext_lazy("L'adresse officielle de cette mairie n'est pas connue de ce site.")


class AlreadyHeld(ClaimRefused):
    """Somebody already decides or grants roles for the commune itself."""

    message = gettext_lazy("Quelqu'un répond déjà pour cette commune : demandez-lui un accès.")


class TooManyCodes(ClaimRefused):
    """Three codes left for this commune since yesterday."""

    message = gettext_lazy(
        "Trois codes sont déjà partis vers cette mairie depuis hier. Cherchez-les dans sa boîte, "
        "courriers indésirables compris, ou recommencez demain."
    )


class DeadClaim(ClaimRefused):
    """The code was used, expired, or typed wrong too often."""

    message = gettext_lazy(
        "Ce code ne peut plus servir : il vaut sept jours, une seule fois, et cinq essais. Demandez-en un autre."
    )


class DeadContest(ClaimRefused):
    """The link of the announcement was used, or is too old."""

    message = gettext_lazy(
        "Ce lien a déjà servi, ou il a expiré. Pour signaler une usurpation, écrivez à l'exploitant du site."
    )


def holders(commune: Commune) -> QuerySet[Membership]:
    """Return the live mandates on the commune itself that decide or grant roles, delegations apart."""
    rows = Membership.objects.live().filter(commune=commune, role__in=FIRST_ROLES, delegated_by=None)
    return rows.select_related("user").order_by("pk")


def ask_code(*, commune: Commune) -> Claim:
    """Mail a code to the town hall and return the claim, whose id is for the asker alone.

    Raises ClaimRefused: AddressUnknown, AlreadyHeld, TooManyCodes.
    """
    with transaction.atomic():
        # One at a time for a commune: the limit is exact, and two claims do not cross.
        address = _locked_address(commune)
        if holders(commune).exists():
            raise AlreadyHeld
        since = timezone.now() - dt.timedelta(days=1)
        asked = Claim.objects.filter(commune=commune, asked_at__gt=since).count()
        if settings.REPERES_LIMITS and asked >= PER_DAY:
            raise TooManyCodes
        code = "".join(secrets.choice(ALPHABET) for _letter in range(LENGTH))
        claim = Claim(commune=commune, expires_at=timezone.now() + dt.timedelta(days=DAYS))
        claim.code_hash = _hash(claim.pk, code, settings.SECRET_KEY)
        claim.save(force_insert=True)
        notify(
            event=f"code-mairie:{claim.pk}",
            template="code-mairie",
            recipient=address.email,
            context={
                "commune": commune.nom,
                "code": f"{code[:4]} {code[4:]}",
                "lien": absolute(reverse("equipe-code", args=[claim.pk])),
                "jours": DAYS,
            },
        )
    return claim


def redeem(
    request: HttpRequest, *, claim_id: uuid.UUID, code: str, user: User | None, name: str, email: str,
    password: str,
) -> User:  # fmt: skip
    """Give the commune its first person, for the code of the letter; return them.

    `user` is who is signed in; else an account is opened, or the one of `email` must answer to
    `password`. A wrong code costs one of five tries, a wrong name or password none.
    Raises ClaimRefused, ValidationError by field, Claim.DoesNotExist.
    """
    claim = Claim.objects.select_related("commune").get(pk=claim_id)
    _spend_a_try(claim, code)
    try:
        return _give(request, claim, user=user, name=name, email=email, password=password)
    except (ValidationError, SignInToAccept):
        Claim.objects.filter(pk=claim_id, tries__gt=0).update(tries=F("tries") - 1)
        raise


def _spend_a_try(claim: Claim, code: str) -> None:
    """Count a try, outside any transaction of ours: one that is refused stays counted."""
    if not Claim.objects.live().filter(pk=claim.pk, tries__lt=MAX_TRIES).update(tries=F("tries") + 1):
        raise DeadClaim
    if _is_code(claim, code):
        return
    left = MAX_TRIES - claim.tries - 1
    if left <= 0:
        raise DeadClaim
    raise ValidationError(
        {"code": [_("Ce n'est pas le code du courriel. Essais restants : %(n)d.") % {"n": left}]}
    )


def _give(
    request: HttpRequest, claim: Claim, *, user: User | None, name: str, email: str, password: str
) -> User:
    with transaction.atomic():
        _locked_address(claim.commune)
        claim = Claim.objects.select_for_update(of=("self",)).select_related("commune").get(pk=claim.pk)
        if claim.used_at is not None:
            raise DeadClaim
        if holders(claim.commune).exists():
            raise AlreadyHeld
        person = user or _person(request, name=name, email=email, password=password)
        claim.used_at, claim.used_by = timezone.now(), person
        claim.save(update_fields=["used_at", "used_by"])
        for role in FIRST_ROLES:
            grant(
                user=person,
                role=role,
                territory=claim.commune,
                by=None,
                via=Via.LETTER,
                action=Action.CLAIMED,
            )
    return person


def ask_holders(*, commune: Commune, name: str, email: str, words: str) -> int:
    """Pass a request on to who grants roles in a commune that has somebody; return how many were told.

    Raises ValidationError by field.
    """
    name, words = " ".join(name.split())[:MAX_NAME], words.strip()[:MAX_WORDS]
    address = clean_address(email)
    if len(name) < 2:
        raise ValidationError(
            {"name": [_("Donnez votre nom et votre fonction, pour que l'on vous reconnaisse.")]}
        )
    held = holders(commune)
    asked = held.filter(role__in=roles_opening(Gesture.GRANT_ROLES)) or held
    emails = list(dict.fromkeys(mandate.user.email for mandate in asked))[:PER_DAY]
    for one in emails:
        notify(
            event=f"demande-acces:{uuid.uuid4()}",
            template="demande-acces",
            recipient=one,
            context={
                "commune": commune.nom, "nom": name, "adresse": address, "mots": words,
                "lien": absolute(reverse("equipe")),
            },
        )  # fmt: skip
    return len(emails)


def find_contest(token: str) -> ContestLink:
    """Return the live link of an announcement. Raises DeadContest."""
    digest = hash_link(token)
    rows = ContestLink.objects.filter(used_at=None, expires_at__gt=timezone.now())
    link = rows.filter(token_hash=digest).select_related("commune", "person").first() if digest else None
    if link is None:
        raise DeadContest
    return link


def contest(*, token: str) -> ContestLink:
    """End at once the mandates of the person on the commune, and those it invited there. Raises DeadContest."""
    with transaction.atomic():
        link = find_contest(token)
        if not ContestLink.objects.filter(pk=link.pk, used_at=None).update(used_at=timezone.now()):
            raise DeadContest
        invited = Membership.objects.filter(
            invitations_accepted__created_by=link.person,
            invitations_accepted__accepted_at__gte=link.created_at,
        )
        own = Membership.objects.filter(user=link.person)
        for mandate in (
            Membership.objects.live()
            .filter(commune=link.commune)
            .filter(pk__in=[*own.values_list("pk", flat=True), *invited.values_list("pk", flat=True)])
        ):
            end(mandate_id=mandate.pk, by=None, via=Via.LETTER, action=Action.CONTESTED)
    return link


def forget_old() -> int:
    """Delete the codes and the contest links that ended a month ago; return how many."""
    long_ago = timezone.now() - KEPT
    claims, _by_model = Claim.objects.filter(expires_at__lt=long_ago).delete()
    links, _by_model = ContestLink.objects.filter(expires_at__lt=long_ago).delete()
    return claims + links


def _person(request: HttpRequest, *, name: str, email: str, password: str) -> User:
    address = clean_address(email)
    if not User.objects.filter(email=address).exists():
        return open_account(email=address, name=name, password=password)
    person = authenticate(request, username=address, password=password)
    if not isinstance(person, User):
        raise ValidationError(
            {
                "password": [
                    _("Un compte existe déjà à cette adresse, et ce n'est pas son mot de passe. "
                      "Donnez celui du compte, ou connectez-vous d'abord.")
                ]
            }
        )  # fmt: skip
    return person


def _locked_address(commune: Commune) -> TownHallAddress:
    address = TownHallAddress.objects.select_for_update(of=("self",)).filter(commune=commune).first()
    if address is None:
        raise AddressUnknown
    return address


def _is_code(claim: Claim, typed: str) -> bool:
    letters = "".join(one for one in typed.upper() if one.isalnum())[: 2 * LENGTH]
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    # Each is compared, whichever is the good one: the time taken says nothing.
    return sum(secrets.compare_digest(_hash(claim.pk, letters, key), claim.code_hash) for key in keys) > 0


def _hash(claim_id: uuid.UUID, code: str, key: str) -> str:
    return salted_hmac("comptes.claim", f"{claim_id}:{code}", secret=key, algorithm="sha256").hexdigest()

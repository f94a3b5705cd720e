"""The tables refuse what the code should never write."""

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from comptes.models import ApiToken, Membership, Notification, User
from comptes.roles import Role
from territoires.models import Commune

pytestmark = pytest.mark.django_db


def refuses(constraint: str, model: type, **fields: Any) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        model.objects.create(**fields)  # type: ignore[attr-defined]


def test_a_mandate_is_on_exactly_one_territory(bruno: User, aurillac: Commune) -> None:
    fields = {"user": bruno, "role": Role.MODERATOR}
    refuses("membership_exactly_one_territory", Membership, **fields)
    refuses("membership_exactly_one_territory", Membership, **fields, commune=aurillac, epci=aurillac.epci)
    refuses("membership_exactly_one_territory", Membership, **fields, commune=aurillac, national=True)


def test_a_mandate_does_not_end_before_it_starts(bruno: User) -> None:
    now = timezone.now()
    refuses(
        "membership_period_forward",
        Membership,
        user=bruno,
        role=Role.CLERK,
        national=True,
        starts=now,
        ends=now - dt.timedelta(seconds=1),
    )


def test_a_role_is_one_of_the_table(bruno: User) -> None:
    refuses("membership_role_known", Membership, user=bruno, role="roi", national=True)


def test_an_address_is_written_in_lower_case(db: None) -> None:
    refuses("user_email_lowercase", User, email="Bruno@exemple.fr")
    assert User.objects.create_user("Bruno@EXEMPLE.fr").email == "bruno@exemple.fr"


@pytest.mark.parametrize(
    "fields",
    [
        {"recipient": ""},
        {"recipient": "a@b.fr", "sent_at": timezone.now()},
        {"recipient": "", "context": {"suivi": "x"}, "sent_at": timezone.now()},
        {"recipient": "a@b.fr", "given_up_at": timezone.now()},
        {"recipient": "", "sent_at": timezone.now(), "given_up_at": timezone.now()},
    ],
)
def test_a_settled_letter_keeps_neither_address_nor_content(fields: dict[str, Any]) -> None:
    refuses(
        "notification_emptied_once_settled",
        Notification,
        event="x",
        template="decision",
        recipient_hash="0" * 64,
        **fields,
    )


def test_each_says_what_it_is(bruno: User) -> None:
    (mandate,) = Membership.objects.select_related("commune")
    assert str(mandate) == "décide · Aurillac"
    everywhere = Membership(user=bruno, role=Role.STEWARD, national=True)
    assert str(everywhere) == "publie les couches · toute la France"
    token, _text = ApiToken.objects.create(bruno, name="QGIS")
    assert str(token) == "QGIS"
    assert token.digest not in str(ApiToken.objects.create(bruno)[0])
    assert str(Notification(event="decision:1")) == "decision:1"
    assert str(User(email="a@b.fr")) == "a@b.fr"


def test_the_operator_is_a_superuser(db: None) -> None:
    operator = User.objects.create_superuser("exploitant@exemple.fr", "un-long-mot-de-passe")
    assert operator.is_staff
    assert operator.is_superuser


def test_a_mandate_knows_its_moment(bruno: User) -> None:
    now, day = timezone.now(), dt.timedelta(days=1)
    past = Membership(starts=now - 2 * day, ends=now - day)
    assert (past.is_over, past.is_live) == (True, False)
    future = Membership(starts=now + day)
    assert (future.is_over, future.is_live) == (False, False)

"""What has had its time goes: addresses, photos of no row."""

import datetime as dt
import os
from pathlib import Path

import pytest
from django.utils import timezone

from contributions.contact import delete_expired_contacts, email_of
from contributions.jobs import forget
from contributions.models import Contact
from contributions.photos import add_photo, photo_path
from tests.contributions.test_photos import TATTOOED
from tests.factories import ContributionFactory

pytestmark = pytest.mark.django_db


def left(days: int) -> Contact:
    until = timezone.localdate() + dt.timedelta(days=days)
    return Contact.objects.create(
        contribution=ContributionFactory(), email="amel@exemple.fr", email_sha256="0" * 64, delete_after=until
    )


def test_an_address_goes_when_its_date_has_passed() -> None:
    kept, expired = left(0), left(-1)
    assert email_of(kept.contribution) == "amel@exemple.fr"
    assert email_of(expired.contribution) is None
    assert delete_expired_contacts() == 1
    assert Contact.objects.get() == kept


def test_a_photo_of_no_row_goes_after_two_days_and_no_other(media: Path) -> None:
    photo, _created = add_photo(ContributionFactory(), rank=1, raw=TATTOOED["jpeg-comment"])
    orphan, young = photo_path("a" * 64), photo_path("b" * 64)
    for path in [orphan, young]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    for path in [orphan, photo_path(photo.sha256)]:
        os.utime(path, (0, 0))
    forget(timestamp=0)
    assert not orphan.exists() and young.exists() and photo_path(photo.sha256).exists()


def test_nothing_to_forget_is_no_error(media: Path) -> None:
    forget(timestamp=0)

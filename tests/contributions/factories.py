"""What somebody's device sends, and what already lies around."""

import hashlib
import uuid
from typing import Any

import pytest
from altcha import v2
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.utils import timezone

from comptes.models import User
from contributions.limits import Take
from contributions.models import Contribution, TokenBucket
from contributions.submission import Submission, submit
from couches.models import Couche, CoucheVersion, Feature, FeatureVersion
from territoires.models import Commune
from tests.factories import SECRET

DEAD_ZONE = {"operators": [{"operator": "20801", "calls": "none"}]}
CAFE = {"nom": "Café des Amis", "kind": "cafe"}


def payload(**changes: Any) -> dict[str, Any]:
    """Return the JSON that Amel's phone sends about a dead zone in Aurillac."""
    return {
        "id": str(uuid.uuid4()),
        "secret": SECRET,
        "couche": "zones-blanches",
        "operation": "create",
        "feature": None,
        "geometry": {"type": "Point", "coordinates": [2.44, 44.93]},
        "attributes": DEAD_ZONE,
        "observed_at": "2026-05-04T10:30:00+02:00",
        "accuracy_m": 12.5,
        "position_source": "gps",
        "channel": "web",
        "email": None,
        "challenge": None,
        **changes,
    }


def submission(*, entered_by: User | None = None, **changes: Any) -> Submission:
    """Return the same as `submit()` takes it."""
    document = payload(**changes)
    del document["challenge"]
    return Submission(**document, entered_by=entered_by)


def published(
    commune: Commune, *, couche: str = "services", lon: float = 2.44, lat: float = 44.93, **attributes: Any
) -> Feature:
    """Publish a feature straight into the tables: tests of `publish()` call `publish()`."""
    home = Couche.objects.get(slug=couche)
    version, _ = CoucheVersion.objects.get_or_create(
        couche=home,
        number=1,
        defaults={"published_at": timezone.now(), "feature_count": 1, "sha256": "0" * 64},
    )
    feature = Feature.objects.create(number=uuid.uuid4().int % 2**40, couche=home)
    FeatureVersion.objects.create(
        feature=feature,
        couche=home,
        number=feature.number,
        geom=Point(lon, lat, srid=4326),
        attributes=attributes or CAFE,
        commune=commune,
        from_version=version.number,
        last_observed_on="2026-05-01",
        row_sha256=hashlib.sha256(feature.id.bytes).digest(),
    )
    return feature


def solved(challenge: dict[str, Any]) -> dict[str, Any]:
    """Do the work that a phone does; return the payload to send."""
    asked = v2.Challenge.from_dict(challenge)
    solution = v2.solve_challenge(asked)
    assert solution is not None
    return v2.Payload(asked, solution).to_dict()


def emptied(*takes: Take) -> None:
    """Empty these buckets, as if their owners had just sent all they may."""
    for take in takes:
        TokenBucket.objects.update_or_create(
            key=take.key,
            defaults={
                "tokens": 0,
                "burst": take.burst,
                "per_second": take.per_second,
                "filled_at": timezone.now(),
            },
        )


def refused(**changes: Any) -> dict[str, list[str]]:
    """Submit what must be refused; nothing is stored; return the refusals by field."""
    with pytest.raises(ValidationError) as caught:
        submit(submission(**changes))
    assert not Contribution.objects.exists()
    return caught.value.message_dict

"""A few true-looking published features to see pages with."""

import datetime as dt
import uuid
from typing import Any

from django.contrib.gis.geos import Point

from couches.models import Couche, CoucheVersion
from couches.publication import Change, publish
from territoires.models import Commune

SEEN_ON = dt.date(2026, 10, 3)


def publish_services(commune: Commune, *names: str, **given: Any) -> CoucheVersion:
    """Publish village cafés of these names, side by side around the commune's town hall."""
    attributes = [{"kind": "cafe", "nom": name, "horaires": "Mo-Sa 08:00-19:00"} for name in names]
    return _publish("services", commune, attributes, **given)


def publish_dead_zone(commune: Commune, **given: Any) -> CoucheVersion:
    """Publish one place where Orange carries no call."""
    operators = [{"operator": "20801", "calls": "none", "sms": "poor", "data": "none"}]
    return _publish("zones-blanches", commune, [{"operators": operators, "place": "outdoors"}], **given)


def _publish(slug: str, commune: Commune, attributes: list[dict[str, Any]], **given: Any) -> CoucheVersion:
    town_hall = commune.chef_lieu or Point(2.44, 44.93, srid=4326)
    changes = [
        Change(
            kind="create",
            feature_id=uuid.uuid4(),
            geom=Point(town_hall.x + 0.004 * index, town_hall.y + 0.003 * (index % 3), srid=4326),
            attributes=one,
            commune_id=commune.pk,
            last_observed_on=SEEN_ON,
            **given,
        )
        for index, one in enumerate(attributes)
    ]
    return publish(couche=Couche.objects.get(slug=slug), changes=changes, by=None)

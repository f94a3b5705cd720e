"""What the tests of couches share: a database where things are really committed."""

import pytest

from couches.models import Couche
from tests import factories


@pytest.fixture
def sensitive(db: None) -> None:
    """`services`, sensitive: asked for before what publishes it."""
    Couche.objects.filter(slug="services").update(sensitive=True)


@pytest.fixture
def committed(committed: None) -> None:
    """Aurillac, committed, for tests whose threads must see each other's work."""
    factories.CommuneFactory()

"""Which address a request comes from."""

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from comptes.client_ip import UNKNOWN, client_ip

PEER = "192.0.2.1"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "198.51.100.9", PEER),
        (0, "", PEER),
        (1, "198.51.100.9", "198.51.100.9"),
        (1, "10.0.0.1, 198.51.100.9", "198.51.100.9"),
        (2, "10.0.0.1, 198.51.100.9, 203.0.113.2", "198.51.100.9"),
        (2, "198.51.100.9", PEER),
        (1, "", PEER),
        (1, "pas une adresse", PEER),
        (1, "2001:DB8::1", "2001:db8::1"),
        (-1, "198.51.100.9", PEER),
    ],
)
def test_only_what_our_proxies_wrote_is_believed(
    proxies: int, forwarded: str, expected: str, settings: Settings, rf: RequestFactory
) -> None:
    settings.REPERES_PROXIES = proxies
    assert client_ip(rf.get("/", REMOTE_ADDR=PEER, HTTP_X_FORWARDED_FOR=forwarded)) == expected


def test_all_whose_address_is_unknown_share_one_bucket(settings: Settings, rf: RequestFactory) -> None:
    """Behind a unix socket there is no peer address."""
    settings.REPERES_PROXIES = 0
    assert client_ip(rf.get("/", REMOTE_ADDR="")) == UNKNOWN

"""A browser as our own pages see it."""

from django.test import Client

from comptes.models import User


def client_of(user: User | None) -> Client:
    """A browser that sends what a browser on our own pages sends."""
    client = Client(headers={"origin": "http://testserver", "sec-fetch-site": "same-origin"})
    if user is not None:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client

"""What no door may accept: status, commune, version and authorship are facts, not input."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import pytest
from django import forms
from rest_framework import serializers

APPS = ["territoires", "comptes", "couches", "contributions", "moderation", "exports", "config"]
# Names that only the code may write.
NEVER_WRITABLE = {
    "status",
    "from_status",
    "to_status",
    "received_at",
    "entered_by",
    "near_border",
    "payload_sha256",
    "secret_sha256",
    "published_in",
    "published_feature",
    "self_accepted",
    "is_superuser",
    "is_staff",
}
# Names of serializers that only show.
ANSWERS = ("Answer", "AnswerSerializer", "ResponseSerializer", "Out", "CommuneHere")
# Reading filters name a status to look for; they write nothing.
READ_FILTERS = {"QueueFilterForm", "QueueFilters", "QueueFilterSerializer", "QueueQuerySerializer"}


def _modules() -> Iterator[ModuleType]:
    for app in APPS:
        package = importlib.import_module(app)
        for found in pkgutil.walk_packages(package.__path__, f"{app}."):
            if ".migrations" in found.name or found.name.endswith(
                ("__main__", ".asgi", ".wsgi", "gunicorn_conf")
            ):
                continue
            yield importlib.import_module(found.name)


def _classes(base: type) -> list[type]:
    found = {
        member
        for module in _modules()
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, base) and member.__module__.split(".")[0] in APPS
    }
    return sorted(found, key=lambda cls: (cls.__module__, cls.__qualname__))


def test_there_are_doors_to_check() -> None:
    """The walk finds the doors: an empty list would prove nothing."""
    assert len(_classes(forms.Form)) >= 2
    assert len(_classes(serializers.Serializer)) >= 5


def test_no_form_takes_what_only_the_code_may_write() -> None:
    """Forms: declared fields only."""
    for form in _classes(forms.Form):
        if form.__name__ in READ_FILTERS:
            continue
        taken = set(getattr(form, "base_fields", {})) & NEVER_WRITABLE
        assert not taken, f"{form.__module__}.{form.__name__}: {taken}"


def test_no_serializer_takes_what_only_the_code_may_write() -> None:
    """Serializers: writable fields only; a read-only field shows, it does not take."""
    for serializer in _classes(serializers.Serializer):
        if serializer.__name__ in READ_FILTERS:
            continue
        declared = getattr(serializer, "_declared_fields", {})
        if _is_answer(serializer):
            continue
        taken = {name for name, field in declared.items() if not field.read_only} & NEVER_WRITABLE
        assert not taken, f"{serializer.__module__}.{serializer.__name__}: {taken}"


def _is_answer(serializer: type) -> bool:
    """Serializers that only describe an answer in the OpenAPI document."""
    return serializer.__name__.endswith(ANSWERS)


@pytest.mark.parametrize("module", list(_modules()), ids=lambda module: module.__name__)
def test_every_module_says_its_role(module: ModuleType) -> None:
    """First line docstring; no drawer for odds and ends."""
    assert module.__doc__ or not inspect.getsource(module).strip(), module.__name__
    assert not {"utils", "helpers", "misc", "core"} & set(module.__name__.split("."))

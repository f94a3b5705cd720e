"""Models keep to the house: keys go one way, every field says whose business it is."""

import importlib

import pytest
from django.apps import apps
from django.db import models

# `config` is above everything and holds no model; `moderation` and `exports` may not see each other.
ORDER = ["territoires", "comptes", "couches", "contributions", "moderation", "exports"]
SIBLINGS = {("moderation", "exports"), ("exports", "moderation")}
CLASSES = {"public", "internal", "personal", "secret"}
OUR_MODELS = [model for model in apps.get_models() if model._meta.app_label in ORDER]


@pytest.mark.parametrize("model", OUR_MODELS, ids=lambda model: model.__name__)
def test_foreign_keys_go_down_only(model: type[models.Model]) -> None:
    """A table may know those below it, never those above or beside."""
    home = ORDER.index(model._meta.app_label)
    for field in model._meta.get_fields():
        if not isinstance(field, models.ForeignKey | models.OneToOneField | models.ManyToManyField):
            continue
        target = field.related_model._meta.app_label
        if target not in ORDER:
            continue
        assert ORDER.index(target) <= home, f"{model.__name__}.{field.name} → {target}"
        assert (model._meta.app_label, target) not in SIBLINGS


@pytest.mark.parametrize("model", OUR_MODELS, ids=lambda model: model.__name__)
def test_every_field_is_classified(model: type[models.Model]) -> None:
    """Public, internal, personal or secret: an unclassified field cannot be exported or erased."""
    table = importlib.import_module(f"{model._meta.app_label}.classification").CLASSIFICATION
    for field in model._meta.get_fields():
        if field.auto_created and not field.concrete:
            continue
        if field.name in {"user_permissions", "groups"}:
            continue
        assert table.get(f"{model.__name__}.{field.name}") in CLASSES, f"{model.__name__}.{field.name}"


@pytest.mark.parametrize("label", ORDER)
def test_the_classification_names_no_ghost(label: str) -> None:
    """A field that is gone leaves the table too."""
    table = importlib.import_module(f"{label}.classification").CLASSIFICATION
    known = {
        f"{model.__name__}.{field.name}"
        for model in OUR_MODELS
        if model._meta.app_label == label
        for field in model._meta.get_fields()
    }
    assert set(table) <= known


def test_no_model_of_ours_escapes_the_order() -> None:
    """A new app needs a decision record, and a place in ORDER."""
    labels = {config.label for config in apps.get_app_configs() if "site-packages" not in config.path}
    assert labels == {*ORDER, "config"}

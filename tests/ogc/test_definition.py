"""The OpenAPI definition and the doors say the same thing: schemathesis asks both."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from couches.models import CoucheVersion
from tests.live import db, site  # noqa: F401  # fixtures

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def test_conf_oas30_the_definition_and_the_doors_agree(site: str, version: CoucheVersion) -> None:  # noqa: F811
    """Over every operation: no server error, no status, type nor shape that is not declared."""
    schema = schemathesis.openapi.from_url(f"{site}/ogc/api")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert {operation.path for operation in operations} >= {"/", "/collections/zones-blanches/items"}
    for operation in operations:
        _judge(operation)


def _judge(operation: Any) -> None:
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy())
    def answers(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS)

    answers()

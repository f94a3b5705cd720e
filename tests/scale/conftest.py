"""Tests of several machines: real clusters, real programs, all on loopback."""

from tests.exports.conftest import emma, exports_root, version  # noqa: F401  # fixtures

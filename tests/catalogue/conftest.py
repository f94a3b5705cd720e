"""The published couche of the export tests, seen through the catalogue."""

from tests.exports.conftest import emma, exports_root, saint_denis, version  # noqa: F401  # fixtures

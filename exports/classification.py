"""What each field holds, for the register of personal data: built files hold published rows only."""

_EXPORT_FILE = [
    "id", "version", "format", "crs", "territory", "recipe", "path", "size", "sha256", "feature_count", "built_at",
]  # fmt: skip

CLASSIFICATION: dict[str, str] = {f"ExportFile.{name}": "public" for name in _EXPORT_FILE}

"""What each field holds, for the register of personal data: built files hold published rows only."""

_EXPORT_FILE = [
    "id", "version", "format", "crs", "territory", "recipe", "path", "size", "sha256", "feature_count", "built_at",
]  # fmt: skip

_EXPORT_BUILD = [
    "id", "key", "lock", "filename", "title", "href", "back", "rows_total", "rows_done", "expected_size", "size",
    "asked_at", "updated_at", "done_at", "error",
]  # fmt: skip

CLASSIFICATION: dict[str, str] = {
    **{f"ExportFile.{name}": "public" for name in _EXPORT_FILE},
    **{f"ExportBuild.{name}": "public" for name in _EXPORT_BUILD},
}

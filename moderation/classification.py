"""Whose business each field is: drives exports, erasure and logs."""

CLASSIFICATION: dict[str, str] = {
    "Decision.id": "internal",
    "Decision.contribution": "internal",
    "Decision.actor": "public",
    "Decision.action": "public",
    "Decision.from_status": "public",
    "Decision.to_status": "public",
    "Decision.version": "internal",
    # The register names a role, not a person.
    "Decision.by": "personal",
    "Decision.at": "public",
    "Decision.commune": "public",
    "Decision.gesture": "internal",
    # Answers and places before an official completed them: for the author and the officials.
    "Decision.changes": "internal",
    "Decision.reason_code": "public",
    "Decision.reason": "internal",
    "Decision.public_reason": "public",
    "Decision.self_accepted": "public",
    "SavedFilter.id": "internal",
    "SavedFilter.user": "personal",
    "SavedFilter.name": "personal",
    "SavedFilter.query": "internal",
    "SavedFilter.created_at": "internal",
}

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
    "Redaction.decision": "public",
    "Redaction.by": "personal",
    "Redaction.at": "public",
    "Redaction.why": "public",
    "Subscription.id": "internal",
    # Deleted with the row as soon as its owner says stop, and after 48 h when nobody confirmed.
    "Subscription.email": "personal",
    "Subscription.email_sha256": "personal",
    "Subscription.commune": "personal",
    "Subscription.couche": "personal",
    "Subscription.frequency": "internal",
    "Subscription.token_sha256": "secret",
    "Subscription.created_at": "personal",
    "Subscription.confirmed_at": "personal",
    "Subscription.told_until": "internal",
}

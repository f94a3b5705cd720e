"""The walk's gestures by HTTP: report, decide, publish, download; each returns what was answered."""

import datetime as dt
import secrets
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import APIRequestContext, APIResponse

DEAD_ZONE = {
    "operators": [{"operator": "20801", "calls": "none", "sms": "none", "data": "none"}],
    "place": "outdoors",
}
CAFE = {"kind": "cafe", "nom": "Café de la Place"}


@dataclass
class Report:
    """A report as its author keeps it: the id and the secret that opens it."""

    couche: str
    lon: float
    lat: float
    attributes: dict[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    operation: str = "create"
    feature: str | None = None

    def document(self, **changes: Any) -> dict[str, Any]:
        """The JSON body of `POST contributions/`."""
        return {
            "id": self.id,
            "secret": self.secret,
            "couche": self.couche,
            "operation": self.operation,
            "feature": self.feature,
            "geometry": {"type": "Point", "coordinates": [self.lon, self.lat]},
            "attributes": self.attributes,
            "observed_at": dt.datetime.now(dt.UTC).isoformat(),
            "accuracy_m": 12.5,
            "position_source": "gps",
            "channel": "api",
            "email": None,
            "challenge": None,
            **changes,
        }


def post(http: APIRequestContext, path: str, data: Any, *, token: str = "", etag: str = "") -> APIResponse:
    """POST JSON, as an official when a token is given."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if etag:
        headers["If-Match"] = etag
    return http.post(path, data=data, headers=headers)


def get(http: APIRequestContext, path: str, *, token: str = "") -> APIResponse:
    """GET, as an official when a token is given."""
    return http.get(path, headers={"Authorization": f"Bearer {token}"} if token else {})


def decide(http: APIRequestContext, token: str, report_id: str, action: str, **body: Any) -> APIResponse:
    """Read the report for its ETag, then decide on it."""
    seen = get(http, f"/api/v1/moderation/contributions/{report_id}/", token=token)
    etag = seen.headers.get("etag", '"1"')
    return post(
        http,
        f"/api/v1/moderation/contributions/{report_id}/decisions/",
        {"action": action, **body},
        token=token,
        etag=etag,
    )


def download(http: APIRequestContext, path: str, *, patience_s: int = 120) -> APIResponse:
    """Ask for a file until it is built: 202 says when to come back."""
    for _ in range(patience_s):
        answer = http.get(path, headers={"Accept": "application/json"})
        if answer.status != 202:
            return answer
        time.sleep(min(float(answer.headers.get("retry-after", "1")), 2))
    raise AssertionError(f"{path} was never built")

"""The site's doors, over HTTP: bounded attempts, `Retry-After` obeyed, downloads resumed where possible."""

import datetime as dt
import email.utils
import hashlib
import http.client
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reperes_suivre.errors import Misuse, Refused, Unreachable

_BLOCK = 256 * 1024
_MAX_WAIT = 300.0
_MAX_DOCUMENT = 4 * 1024 * 1024
_AGAIN = {202, 408, 425, 429, 500, 502, 503, 504}
_ADDRESS = re.compile(r"(?P<prefix>.*?)/(?:couches|exports)/(?P<slug>[a-z0-9-]{1,40})(?:/.*)?")
_AGENT = "reperes-suivre/1.0"


@dataclass(frozen=True)
class State:
    """What the site says of a version: its number, and the count and SHA-256 of its rows."""

    number: int
    feature_count: int
    sha256: str


class _NotNow(Exception):
    """An attempt failed in a way that another may not; `wait` in seconds, if the site said it."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


@dataclass
class Site:
    """One couche of one site, whole or for a territory."""

    base: str
    slug: str
    territory: str = ""
    attempts: int = 5
    timeout: float = 60.0
    say: Callable[[str], None] = print
    sleep: Callable[[float], None] = field(default=time.sleep)

    @classmethod
    def at(cls, address: str, **options: Any) -> "Site":
        """Return the couche at the address of its page or of its exports. Raises Misuse."""
        parts = urllib.parse.urlsplit(address)
        found = _ADDRESS.fullmatch(parts.path)
        if parts.scheme not in ("http", "https") or not parts.netloc or found is None:
            raise Misuse(
                f"Adresse illisible : {address}. Donnez celle de la page d'une couche, "
                "https://…/couches/zones-blanches/."
            )
        return cls(f"{parts.scheme}://{parts.netloc}{found['prefix']}", found["slug"], **options)

    @property
    def address(self) -> str:
        """The one name of this couche, whatever address was given."""
        return f"{self.base}/couches/{self.slug}/"

    def state(self, number: int | None) -> State:
        """Return what is published at a version, the latest when None."""
        manifest = self._document(f"exports/{self.slug}/{number or 'derniere'}/manifeste.json")
        if self.territory:
            own = self._document(f"exports/{self.slug}/{manifest['number']}/empreinte.json", self._place())
            manifest |= {"feature_count": own["feature_count"], "sha256": own["sha256"]}
        return State(int(manifest["number"]), int(manifest["feature_count"]), str(manifest["sha256"]))

    def attribute_names(self) -> list[str]:
        """Return the names of the couche's answers, in their order."""
        schema = self._document(f"api/v1/couches/{self.slug}/")["attribute_schema"]
        return list(schema.get("properties", {}))

    def whole(self, number: int, folder: Path) -> Path:
        """Download a whole version; return the file."""
        query = {"format": "geojson", "attributs": "imbriques", **self._place()}
        return self._download(f"exports/{self.slug}/{number}/", query, folder)

    def delta(self, number: int, since: int, folder: Path) -> Path:
        """Download what changed after `since` up to `number`; return the file."""
        query = {"format": "geojson", "attributs": "imbriques", **self._place()}
        return self._download(f"exports/{self.slug}/{number}/depuis/{since}/", query, folder)

    def _place(self) -> dict[str, str]:
        return {"territoire": self.territory} if self.territory else {}

    def _url(self, path: str, query: dict[str, str]) -> str:
        return f"{self.base}/{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")

    def _document(self, path: str, query: dict[str, str] | None = None) -> dict[str, Any]:
        url = self._url(path, query or {})

        def once() -> dict[str, Any]:
            with self._open(url, {"Accept": "application/json"}) as response:
                body = response.read(_MAX_DOCUMENT + 1)
            if len(body) > _MAX_DOCUMENT:
                raise Refused(f"Réponse trop longue pour être un document : {url}")
            document = json.loads(body)
            if not isinstance(document, dict):
                raise _NotNow("réponse qui n'est pas un document")
            return document

        return self._again(url, once)

    def _download(self, path: str, query: dict[str, str], folder: Path) -> Path:
        """Write the answer to a file of `folder`, going on from what an earlier attempt left."""
        url = self._url(path, query)
        target = folder / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.geojson"
        self._again(url, lambda: self._fetch(url, target))
        return target

    def _fetch(self, url: str, target: Path) -> None:
        part, known = target.with_suffix(".part"), target.with_suffix(".etag")
        headers = {"Accept": "application/geo+json"}
        done = part.stat().st_size if part.exists() and known.exists() else 0
        if done:
            headers |= {"Range": f"bytes={done}-", "If-Range": known.read_text()}
        with self._open(url, headers) as response:
            resumed = response.status == 206 and response.headers.get("Content-Range", "").startswith(
                f"bytes {done}-"
            )
            known.unlink(missing_ok=True)
            etag = response.headers.get("ETag", "")
            with part.open("ab" if resumed else "wb") as sink:
                # What can be asked for in part may be gone on with; the rest starts again.
                if response.headers.get("Accept-Ranges") == "bytes" and etag.startswith('"'):
                    known.write_text(etag)
                while block := response.read(_BLOCK):
                    sink.write(block)
            length = response.headers.get("Content-Length")
        size = part.stat().st_size - (done if resumed else 0)
        if length is not None and size != int(length):
            raise _NotNow("téléchargement coupé")
        part.replace(target)
        known.unlink(missing_ok=True)

    def _open(self, url: str, headers: dict[str, str]) -> Any:
        request = urllib.request.Request(url, headers={"User-Agent": _AGENT, **headers})  # noqa: S310  # http(s) only, see `at`
        try:
            response = urllib.request.urlopen(request, timeout=self.timeout)  # noqa: S310
        except urllib.error.HTTPError as refusal:
            with refusal:
                if refusal.code in _AGAIN:
                    raise _NotNow(f"réponse {refusal.code}", _retry_after(refusal.headers)) from refusal
                raise Refused(f"Le site refuse ({refusal.code}) {url} : {_detail(refusal)}") from refusal
        if response.status == 202:
            response.close()
            raise _NotNow("pas encore prêt", _retry_after(response.headers))
        return response

    def _again(self, url: str, once: Callable[[], Any]) -> Any:
        """Try, and try again after a wait, `attempts` times. Raises Unreachable."""
        why = ""
        for rank in range(self.attempts):
            try:
                return once()
            except _NotNow as later:
                why, wait = str(later), later.wait
            except (OSError, http.client.HTTPException, json.JSONDecodeError) as broken:
                why, wait = str(broken) or type(broken).__name__, None
            if rank + 1 < self.attempts:
                pause = min(_MAX_WAIT, float(2**rank) if wait is None else wait)
                self.say(f"{why} : nouvel essai dans {pause:.0f} s.")
                self.sleep(pause)
        raise Unreachable(f"{url} : {why}, après {self.attempts} essais. La table reste comme elle était.")


def _retry_after(headers: Any) -> float | None:
    """Return the seconds a site asks to wait: a number, or a date."""
    text = str(headers.get("Retry-After", "")).strip()
    if text.isdigit():
        return float(text[:6])
    try:
        moment = email.utils.parsedate_to_datetime(text)
        return max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _detail(refusal: urllib.error.HTTPError) -> str:
    """Return the sentence of a problem document (RFC 9457), with those of its fields."""
    try:
        problem = json.loads(refusal.read(65_536))
        sentences = [str(problem.get("detail") or problem.get("title") or "")]
        sentences += [str(text) for texts in (problem.get("errors") or {}).values() for text in texts]
    except (ValueError, AttributeError, TypeError, OSError):
        return str(refusal.reason)
    return " ".join(dict.fromkeys(sentence for sentence in sentences if sentence))

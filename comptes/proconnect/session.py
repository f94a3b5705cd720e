"""What a session opened by ProConnect remembers, until it ends: nothing of it is a right."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest

from comptes.second_factor import PROCONNECT_KEY

if TYPE_CHECKING:
    from comptes.proconnect.tokens import Identity

# Levels that mean two factors: eIDAS 1 with MFA and above, and the names ProConnect gives them since.
STRONG_ACR = {
    "eidas1-mfa",
    "eidas2",
    "eidas3",
    "https://proconnect.gouv.fr/assurance/self-asserted-2fa",
    "https://proconnect.gouv.fr/assurance/consistency-checked-2fa",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept: `uid` names the linked account, `id_token` and `end_session` serve signing out."""

    uid: str
    siret: str
    strong: bool
    id_token: str
    end_session: str


def remember(request: HttpRequest, login: Any) -> None:
    """Keep what ProConnect said of this session; with another `login` (None too), forget it."""
    identity: Identity | None = getattr(login, "identity", None)
    if identity is None:
        request.session.pop(PROCONNECT_KEY, None)
        return
    kept = Kept(
        uid=login.account.uid,
        siret=identity.siret,
        strong=is_strong(identity),
        id_token=identity.id_token,
        end_session=login.end_session,
    )
    request.session[PROCONNECT_KEY] = asdict(kept)


def read(request: HttpRequest) -> Kept | None:
    """Return what is kept, or None when the session was opened otherwise."""
    if not settings.PROCONNECT_ISSUER:
        return None
    found = request.session.get(PROCONNECT_KEY)
    return Kept(**found) if found else None


def is_strong(identity: "Identity") -> bool:
    """Say whether two factors were shown at ProConnect's (`acr` by level, `amr` by method)."""
    return identity.acr in STRONG_ACR or "mfa" in identity.amr

"""Reads what ProConnect signs: the ID token and the userinfo, both JWTs, both verified alike.

OpenID Connect Core 1.0, 3.1.3.7 and 5.3.2. The algorithm is ours to choose, never the token's:
« none » proves nothing, and an HMAC made with the public key could be made by anybody.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jwt

from comptes.proconnect.refusals import Unverified

# Algorithm → the kind of key it takes.
ALGORITHMS = {"RS256": "RSA", "ES256": "EC"}
# Clocks differ by some seconds; a token lives sixty.
LEEWAY_S = 30


@dataclass(frozen=True, slots=True)
class Identity:
    """Who ProConnect says this is: `sub` means something with `issuer` and `idp_id` only."""

    issuer: str
    sub: str
    idp_id: str
    email: str
    name: str
    siret: str
    acr: str
    amr: tuple[str, ...]
    id_token: str


def read_identity(
    *,
    id_token: str,
    userinfo: str,
    nonce: str,
    keys: Sequence[Mapping[str, Any]],
    issuer: str,
    client_id: str,
) -> Identity:
    """Verify both tokens against `keys` (JWKS) and each other. Raises Unverified."""
    proof = read_token(id_token, keys=keys, issuer=issuer, client_id=client_id)
    if not nonce or not secrets.compare_digest(_text(proof, "nonce").encode(), nonce.encode()):
        raise Unverified("nonce")
    claims = read_token(userinfo, keys=keys, issuer=issuer, client_id=client_id)
    if claims["sub"] != proof["sub"]:
        raise Unverified("sub")
    amr = proof.get("amr")
    return Identity(
        issuer=issuer,
        sub=_text(proof, "sub"),
        idp_id=_text(claims, "idp_id"),
        email=_text(claims, "email").strip().lower(),
        name=" ".join(f"{_text(claims, 'given_name')} {_text(claims, 'usual_name')}".split()),
        siret="".join(_text(claims, "siret").split()),
        acr=_text(proof, "acr"),
        amr=tuple(str(one) for one in amr) if isinstance(amr, list) else (),
        id_token=id_token,
    )


def read_token(
    token: str, *, keys: Sequence[Mapping[str, Any]], issuer: str, client_id: str
) -> dict[str, Any]:
    """Return the claims of a signed token for `client_id`. Raises Unverified with what is wrong."""
    try:
        header = jwt.get_unverified_header(token)
        algorithm = str(header.get("alg"))
        if algorithm not in ALGORITHMS:
            raise Unverified("alg")
        claims = jwt.decode(
            token,
            key=_key(keys, algorithm, header.get("kid")),
            algorithms=[algorithm],
            issuer=issuer,
            audience=client_id,
            leeway=LEEWAY_S,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
    except (jwt.PyJWTError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unverified(type(error).__name__) from error
    if claims.get("azp", client_id) != client_id:
        raise Unverified("azp")
    return claims


def _key(keys: Sequence[Mapping[str, Any]], algorithm: str, kid: object) -> jwt.PyJWK:
    fitting = [
        one for one in keys if one.get("kty") == ALGORITHMS[algorithm] and one.get("use", "sig") == "sig"
    ]
    named = [one for one in fitting if kid is None or one.get("kid") == kid]
    if len(named) != 1:
        raise Unverified("kid")
    return jwt.PyJWK(dict(named[0]), algorithm=algorithm)


def _text(claims: Mapping[str, Any], name: str) -> str:
    """Return a claim as text a table can hold; anything else than text is no claim."""
    value = claims.get(name)
    return value.replace("\x00", "") if isinstance(value, str) else ""

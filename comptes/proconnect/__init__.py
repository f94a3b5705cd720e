"""ProConnect, the State's sign-in for public agents: OpenID Connect, the code flow.

It says who somebody is and for which establishment (SIRET) they work; it never says what they may
do here. A role is granted by somebody, or claimed where nobody holds the commune yet.
Source: ProConnect's technical documentation (userinfo is a signed JWT, state and nonce of 32
characters at least, unknown parameters refused, `sub` is per identity provider).
"""

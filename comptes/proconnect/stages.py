"""The second step of signing in, spared to whoever showed a second factor at ProConnect's."""

from allauth.mfa.stages import AuthenticateStage
from django.http import HttpRequest

from comptes.proconnect import session


class SecondFactorStage(AuthenticateStage):
    """allauth's step, unless ProConnect vouches for it."""

    def _should_handle(self, request: HttpRequest) -> bool:
        kept = session.read(request)
        if kept is not None and kept.strong:
            return False
        return super()._should_handle(request)

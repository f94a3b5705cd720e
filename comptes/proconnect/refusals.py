"""Why ProConnect opened nothing: each class's message is what the person reads."""

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy as _


class Refused(PermissionDenied):
    """ProConnect's answer opens nothing; `link_first` shows the way of linking an account."""

    message = _("ProConnect n'a rien ouvert.")
    status = 403
    link_first = False

    def __init__(self, why: str = "") -> None:
        # `why` is for the log: it names what failed, never what was in a token.
        super().__init__(str(self.message))
        self.why = why


class Unverified(Refused):
    """The answer, or a token in it, is not what it should be."""

    message = _("La réponse de ProConnect n'a pas pu être vérifiée. Rien n'a été ouvert : recommencez.")
    status = 400


class Unreachable(Refused):
    """ProConnect does not answer, or not as it should."""

    message = _(
        "ProConnect ne répond pas en ce moment. Entrez avec votre adresse et votre mot de passe, ou "
        "réessayez plus tard."
    )
    status = 503


class Cancelled(Refused):
    """The person turned back at ProConnect's."""

    message = _("Vous avez interrompu la connexion par ProConnect.")
    status = 400


class TooLate(Refused):
    """No such attempt in this browser, or it is over ten minutes old."""

    message = _(
        "Cette tentative n'est plus valable, ou vient d'un autre navigateur. Recommencez depuis ce site."
    )
    status = 400


class EmailTaken(Refused):
    """An account has this address; only its password says that it is the same person."""

    message = _(
        "Un compte existe déjà ici avec votre adresse. Entrez une fois avec son mot de passe, puis "
        "reliez ProConnect sur la page « Mon compte »."
    )
    link_first = True


class LinkedElsewhere(Refused):
    """This ProConnect identity opens another account already."""

    message = _("Ce compte ProConnect ouvre déjà un autre compte de ce site.")


class NoEmail(Refused):
    """ProConnect gave no address that can be read."""

    message = _("ProConnect n'a pas donné votre adresse électronique, sans laquelle il n'y a pas de compte.")


class NoSiret(Refused):
    """ProConnect gave no SIRET, and the person has no account yet."""

    message = _(
        "ProConnect n'a pas dit pour quelle collectivité vous travaillez. Demandez une invitation à la "
        "personne qui attribue les rôles dans votre commune."
    )


class NoCommune(Refused):
    """The SIRET is not a commune's, and the person has no account yet."""

    message = _(
        "Votre établissement n'est pas une commune connue ici. Demandez une invitation à la personne qui "
        "attribue les rôles dans votre collectivité."
    )

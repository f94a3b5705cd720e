"""What must hold of communes, and of those who act for them."""

from django.utils.translation import gettext_lazy as _

from config.invariants.promise import Invariant

TERRITOIRES = [
    Invariant(
        "commune-morceaux",
        _("Les morceaux d'une commune, d'au plus 64 sommets, couvrent son contour."),
        """
        SELECT commune.code_insee
        FROM territoires_commune AS commune
        LEFT JOIN territoires_communepiece AS piece ON piece.commune_id = commune.code_insee
        WHERE commune.geom IS NOT NULL AND commune.valid_to IS NULL
        GROUP BY commune.code_insee
        HAVING count(piece.id) = 0 OR max(ST_NPoints(piece.geom)) > 65
            OR abs(sum(ST_Area(piece.geom)) - ST_Area(commune.geom)) > 1e-9 + ST_Area(commune.geom) * 1e-6
        """,
    ),
    Invariant(
        "commune-suite",
        _("Une commune qui a disparu nomme celle qui la continue, et n'est plus cherchée."),
        """
        SELECT code_insee FROM territoires_commune
        WHERE successor_id = code_insee OR (successor_id IS NOT NULL AND valid_to IS NULL)
        """,
    ),
]

COMPTES = [
    Invariant(
        "delegation-bornee",
        _(
            "Une délégation a le rôle et le territoire du mandat dont elle vient, et finit avec lui au plus tard."
        ),
        """
        SELECT delegation.id::text
        FROM comptes_membership AS delegation
        JOIN comptes_membership AS source ON source.id = delegation.delegated_by_id
        WHERE source.delegated_by_id IS NOT NULL OR source.user_id = delegation.user_id
           OR source.role <> delegation.role OR delegation.starts < source.starts
           OR delegation.ends IS NULL OR delegation.ends > source.ends
           OR (source.commune_id, source.epci_id, source.departement_id, source.region_id, source.national)
              IS DISTINCT FROM (delegation.commune_id, delegation.epci_id, delegation.departement_id,
                                delegation.region_id, delegation.national)
        """,
    ),
    Invariant(
        "invitation-mandat",
        _(
            "Un mandat né d'une invitation est pour l'adresse invitée, avec le rôle et le territoire proposés."
        ),
        """
        SELECT invitation.id::text
        FROM comptes_invitation AS invitation
        JOIN comptes_membership AS mandate ON mandate.id = invitation.membership_id
        WHERE mandate.role <> invitation.role
           OR mandate.delegated_by_id IS DISTINCT FROM invitation.delegation_of_id
           OR (mandate.commune_id, mandate.epci_id, mandate.departement_id, mandate.region_id, mandate.national)
              IS DISTINCT FROM (invitation.commune_id, invitation.epci_id, invitation.departement_id,
                                invitation.region_id, invitation.national)
        """,
    ),
    Invariant(
        "invitation-echue",
        _(
            "Aucune adresse d'une invitation que personne n'a acceptée n'est gardée plus d'un mois après sa fin."
        ),
        """
        SELECT id::text FROM comptes_invitation
        WHERE accepted_at IS NULL AND email <> '' AND expires_at < now() - interval '33 days'
        """,
    ),
    Invariant(
        "revendication-seule",
        _("Un code de mairie n'a servi qu'une fois, dans ses cinq essais, à une personne nommée au journal."),
        """
        SELECT claim.id::text FROM comptes_claim AS claim
        WHERE claim.tries > 5 OR (claim.used_by_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM comptes_mandateevent AS event
            JOIN comptes_membership AS mandate ON mandate.id = event.membership_id
            WHERE event.action = 'claimed' AND mandate.user_id = claim.used_by_id
              AND mandate.commune_id = claim.commune_id))
        """,
    ),
]

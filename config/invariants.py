"""What must hold in the database, each promise with the SQL that finds its breaches.

Every query returns one text column: what is broken, named by identifiers, never by
personal content. `manage.py fsck` runs them all.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Invariant:
    """A promise of design section 9: `sql` returns one row per breach, none when kept."""

    name: str
    promise: StrOrPromise
    sql: str


CONTRIBUTIONS = [
    Invariant(
        "contribution-lieu",
        _("Le point d'un signalement est fini, non vide et dans les limites du globe."),
        """
        SELECT id::text FROM contributions_contribution
        WHERE ST_IsEmpty(geom) OR NOT (ST_X(geom) BETWEEN -180 AND 180 AND ST_Y(geom) BETWEEN -90 AND 90)
        """,
    ),
    Invariant(
        "contribution-commune",
        _("Un signalement est dans la commune de plus petit code qui couvre son point."),
        # Only those captured on today's vintage: outlines move, a capture does not.
        """
        SELECT contribution.id::text || ' : ' || contribution.commune_id
        FROM contributions_contribution AS contribution
        JOIN territoires_commune AS home
          ON home.code_insee = contribution.commune_id AND home.millesime = contribution.millesime
        JOIN couches_couche AS couche ON couche.id = contribution.couche_id
        WHERE home.valid_to IS NULL AND NOT ST_IsEmpty(contribution.geom)
          -- What speaks of a sensitive object stands at the middle of its cell, in the object's commune.
          AND NOT (couche.sensitive AND contribution.feature_id IS NOT NULL)
          AND contribution.commune_id IS DISTINCT FROM (
            SELECT min(piece.commune_id)
            FROM territoires_communepiece AS piece
            JOIN territoires_commune AS commune
              ON commune.code_insee = piece.commune_id AND commune.valid_to IS NULL
            WHERE ST_Covers(piece.geom, contribution.geom))
        """,
    ),
    Invariant(
        "contribution-etat",
        _("L'état d'un signalement est celui de sa dernière décision, ou « en attente » sans décision."),
        """
        SELECT contribution.id::text || ' : ' || contribution.status
        FROM contributions_contribution AS contribution
        LEFT JOIN LATERAL (
            SELECT to_status FROM moderation_decision
            WHERE contribution_id = contribution.id ORDER BY id DESC LIMIT 1) AS last ON true
        WHERE contribution.status <> coalesce(last.to_status, 'SUBMITTED')
        """,
    ),
    Invariant(
        "contribution-version",
        _("La version d'un signalement compte ses décisions."),
        """
        SELECT contribution.id::text FROM contributions_contribution AS contribution
        LEFT JOIN moderation_decision AS decision ON decision.contribution_id = contribution.id
        GROUP BY contribution.id HAVING contribution.version <> 1 + count(decision.id)
        """,
    ),
    Invariant(
        "contribution-publiee",
        _(
            "Un signalement publié nomme sa version et son objet ; un autre que publié ou fusionné n'en a pas."
        ),
        """
        SELECT id::text || ' : ' || status FROM contributions_contribution
        WHERE (status = 'PUBLISHED' AND (published_in_id IS NULL OR published_feature_id IS NULL))
           OR (status NOT IN ('PUBLISHED', 'MERGED')
               AND (published_in_id IS NOT NULL OR published_feature_id IS NOT NULL))
        """,
    ),
    Invariant(
        "contribution-fusionnee",
        _("Un signalement fusionné nomme ce qui l'a absorbé ; aucune fusion ne tourne en rond."),
        """
        WITH RECURSIVE chain AS (
            SELECT id AS start, merged_into_id AS next, 1 AS depth
            FROM contributions_contribution WHERE merged_into_id IS NOT NULL
            UNION ALL
            SELECT chain.start, target.merged_into_id, chain.depth + 1
            FROM chain JOIN contributions_contribution AS target ON target.id = chain.next
            WHERE target.merged_into_id IS NOT NULL AND chain.depth < 50)
        SELECT DISTINCT start::text FROM chain WHERE depth >= 50 OR next = start
        UNION
        SELECT id::text FROM contributions_contribution
        WHERE status = 'MERGED' AND merged_into_id IS NULL AND published_feature_id IS NULL
        """,
    ),
    Invariant(
        "contact-echu",
        _("Aucune adresse n'est gardée au-delà de sa date."),
        "SELECT id::text FROM contributions_contact WHERE delete_after < current_date - 1",
    ),
    Invariant(
        "trace-echue",
        _("Aucune empreinte d'adresse réseau ni aucun défi utilisé n'est gardé au-delà de trois jours."),
        """
        SELECT 'limite de débit' FROM contributions_tokenbucket WHERE filled_at < now() - interval '3 days'
        UNION ALL
        SELECT 'défi' FROM contributions_spentchallenge WHERE expires_at < now() - interval '3 days'
        """,
    ),
    Invariant(
        "cle-suivi-echue",
        _("Aucun lien de suivi renvoyé par courriel n'est gardé au-delà de l'adresse."),
        "SELECT id::text FROM contributions_followupkey WHERE delete_after < current_date - 1",
    ),
    Invariant(
        "courrier-parti",
        _("Un courrier parti ne garde ni adresse ni contenu."),
        """
        SELECT id::text FROM comptes_notification
        WHERE sent_at IS NOT NULL AND (recipient <> '' OR context <> '{}'::jsonb)
        """,
    ),
]

DECISIONS = [
    Invariant(
        "decision-suite",
        _("Les décisions d'un signalement se suivent : chacune part de l'état laissé par la précédente."),
        """
        SELECT id::text FROM (
            SELECT id, from_status,
                   lag(to_status, 1, 'SUBMITTED') OVER (PARTITION BY contribution_id ORDER BY id) AS left_in
            FROM moderation_decision) AS walk
        WHERE from_status <> left_in
        """,
    ),
    Invariant(
        "decision-territoire",
        _("Chaque décision d'élu a été prise avec un mandat en cours sur la commune."),
        """
        SELECT decision.id::text
        FROM moderation_decision AS decision
        -- The commune asked that day: the report may have been handed to the neighbour since.
        JOIN territoires_commune AS commune ON commune.code_insee = decision.commune_id
        JOIN territoires_departement AS departement ON departement.code = commune.departement_id
        WHERE decision.actor = 'official' AND decision.action <> 'undo' AND NOT commune.is_sandbox
          AND NOT EXISTS (
            SELECT 1 FROM comptes_membership AS membership
            WHERE membership.user_id = decision.by_id AND membership.role = 'moderator'
              AND membership.starts <= decision.at
              AND (membership.ends IS NULL OR membership.ends > decision.at)
              -- A commune may have changed EPCI or merged since: only the direct links can be refused.
              AND (membership.national OR membership.commune_id = commune.code_insee
                   OR membership.commune_id IS NULL))
        """,
    ),
    Invariant(
        "abonnement-echu",
        _("Aucune adresse donnée pour un abonnement n'est gardée plus de trois jours sans confirmation."),
        """
        SELECT id::text FROM moderation_subscription
        WHERE confirmed_at IS NULL AND created_at < now() - interval '3 days'
        """,
    ),
]

REASONS = [
    Invariant(
        "motif-local",
        _("Une décision ne porte un motif local que de son territoire."),
        # An EPCI may lose a commune afterwards: only a commune's own reason is judged by place.
        """
        SELECT decision.id::text || ' : ' || decision.reason_code
        FROM moderation_decision AS decision
        LEFT JOIN moderation_territoryreason AS reason
          ON decision.reason_code = 'local-' || reason.id AND reason.replaces = ''
        WHERE decision.reason_code LIKE 'local-%'
          AND (reason.id IS NULL OR reason.commune_id <> decision.commune_id)
        """,
    ),
]

COUCHES = [
    Invariant(
        "couche-sensible",
        _("Un objet d'une couche sensible n'est publié qu'au milieu d'une maille de 0,1 degré."),
        """
        SELECT row.feature_id::text FROM couches_featureversion AS row
        JOIN couches_couche AS couche ON couche.id = row.couche_id AND couche.sensitive
        WHERE row.near_border OR row.accuracy_m IS DISTINCT FROM 8000
          OR ST_X(row.geom) <> round(ST_X(row.geom)::numeric, 1)
          OR ST_Y(row.geom) <> round(ST_Y(row.geom)::numeric, 1)
        """,
    ),
    Invariant(
        "version-numeros",
        _("Les versions d'une couche se suivent de 1 à n, sans trou."),
        """
        SELECT couche_id::text FROM couches_coucheversion
        GROUP BY couche_id HAVING max(number) <> count(*) OR min(number) <> 1
        """,
    ),
    Invariant(
        "version-compte",
        _("Une version annonce le nombre d'objets qu'elle contient."),
        """
        SELECT version.couche_id::text || ' v' || version.number
        FROM couches_coucheversion AS version
        LEFT JOIN couches_featureversion AS row
          ON row.couche_id = version.couche_id AND row.from_version <= version.number
         AND (row.to_version IS NULL OR row.to_version > version.number)
        GROUP BY version.id HAVING version.feature_count <> count(row.id)
        """,
    ),
    Invariant(
        "version-empreinte",
        _("L'empreinte d'une version est celle de ses lignes."),
        """
        SELECT version.couche_id::text || ' v' || version.number
        FROM couches_coucheversion AS version
        LEFT JOIN couches_featureversion AS row
          ON row.couche_id = version.couche_id AND row.from_version <= version.number
         AND (row.to_version IS NULL OR row.to_version > version.number)
        GROUP BY version.id
        HAVING version.sha256 <> encode(sha256(
            coalesce(string_agg(row.row_sha256, ''::bytea ORDER BY row.feature_id), ''::bytea)), 'hex')
        """,
    ),
    Invariant(
        "objet-intervalles",
        _("À chaque version, un objet a au plus un état, dans sa propre couche."),
        """
        SELECT feature_id::text FROM (
            SELECT row.feature_id, row.from_version, row.couche_id, feature.couche_id AS home,
                   lag(coalesce(row.to_version, 2147483647))
                       OVER (PARTITION BY row.feature_id ORDER BY row.from_version) AS closed_at
            FROM couches_featureversion AS row JOIN couches_feature AS feature ON feature.id = row.feature_id
        ) AS walk
        WHERE closed_at > from_version OR couche_id <> home
        """,
    ),
    Invariant(
        "objet-version-connue",
        _("Un état d'objet commence et finit à une version publiée de sa couche."),
        """
        SELECT row.feature_id::text FROM couches_featureversion AS row
        JOIN (SELECT couche.id, coalesce(max(version.number), 0) AS last
              FROM couches_couche AS couche
              LEFT JOIN couches_coucheversion AS version ON version.couche_id = couche.id
              GROUP BY couche.id) AS couche ON couche.id = row.couche_id
        WHERE row.from_version > couche.last OR row.to_version > couche.last
        """,
    ),
    Invariant(
        "objet-modere",
        _("Rien n'est public sans décision : chaque objet issu d'un signalement en nomme un, publié."),
        """
        SELECT DISTINCT row.feature_id::text FROM couches_featureversion AS row
        WHERE row.origin = 'contribution' AND NOT EXISTS (
            SELECT 1 FROM contributions_contribution AS contribution
            WHERE contribution.published_feature_id = row.feature_id AND contribution.status = 'PUBLISHED')
        """,
    ),
    Invariant(
        "objet-lieu",
        _("Le point d'un objet est fini, non vide et dans les limites du globe."),
        """
        SELECT feature_id::text FROM couches_featureversion
        WHERE ST_IsEmpty(geom) OR NOT (ST_X(geom) BETWEEN -180 AND 180 AND ST_Y(geom) BETWEEN -90 AND 90)
        """,
    ),
]

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

SANDBOX = [
    Invariant(
        "bac-a-sable-separe",
        _(
            "Un signalement d'exercice est dans la commune imaginaire, et rien de réel n'y est ni n'y renvoie."
        ),
        """
        SELECT contribution.id::text FROM contributions_contribution AS contribution
        JOIN territoires_commune AS commune ON commune.code_insee = contribution.commune_id
        LEFT JOIN contributions_contribution AS target ON target.id = contribution.merged_into_id
        WHERE commune.is_sandbox <> (contribution.practice_of_id IS NOT NULL)
           OR (target.id IS NOT NULL AND target.practice_of_id IS DISTINCT FROM contribution.practice_of_id)
        UNION ALL
        SELECT 'morceau ' || id FROM territoires_communepiece
        WHERE commune_id IN (SELECT code_insee FROM territoires_commune WHERE is_sandbox)
        """,
    ),
    Invariant(
        "bac-a-sable-muet",
        _("Un signalement d'exercice n'est jamais publié, n'a pas d'adresse, et aucun objet n'en vient."),
        """
        SELECT contribution.id::text FROM contributions_contribution AS contribution
        WHERE contribution.practice_of_id IS NOT NULL
          AND (contribution.status = 'PUBLISHED' OR contribution.published_in_id IS NOT NULL
               OR contribution.published_feature_id IS NOT NULL
               OR EXISTS (SELECT FROM contributions_contact WHERE contribution_id = contribution.id))
        UNION ALL
        SELECT row.feature_id::text FROM couches_featureversion AS row
        WHERE row.commune_id IN (SELECT code_insee FROM territoires_commune WHERE is_sandbox)
        """,
    ),
    Invariant(
        "bac-a-sable-prive",
        _("Seule la personne qui s'exerce décide de ses signalements d'exercice."),
        """
        SELECT decision.id::text FROM moderation_decision AS decision
        JOIN contributions_contribution AS contribution ON contribution.id = decision.contribution_id
        WHERE contribution.practice_of_id IS NOT NULL
          AND (decision.actor <> 'official' OR decision.by_id IS DISTINCT FROM contribution.practice_of_id)
        """,
    ),
]

ALL = [*CONTRIBUTIONS, *DECISIONS, *REASONS, *COUCHES, *TERRITOIRES, *COMPTES, *SANDBOX]

"""What must hold of reports, of what is decided of them, and of the sandbox."""

from django.utils.translation import gettext_lazy as _

from config.invariants.promise import Invariant

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

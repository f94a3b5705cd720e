"""What must hold of couches, their versions and their objects."""

from django.utils.translation import gettext_lazy as _

from config.invariants.promise import Invariant

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

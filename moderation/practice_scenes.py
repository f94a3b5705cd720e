"""The invented reports of the sandbox: what the people of a village that does not exist would send.

One table, from which each person gets their own copy (`moderation.practice`). It holds what a week
of a town hall holds: the plain case, several people saying the same thing, the point put across the
border, the one with a photo, the correction, the one that names a neighbour, the one too vague.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from contributions.models import Contribution
from couches.models import FeatureVersion
from territoires.imaginary import place
from territoires.models import SANDBOX_CODE

ORANGE, SFR, FREE, BOUYGUES = "20801", "20810", "20815", "20820"
NETWORK, SERVICES, BUILDINGS = "zones-blanches", "services", "batiments-publics"


@dataclass(frozen=True, slots=True)
class Scene:
    """One report: place in metres east and north of the town hall, received so many hours ago."""

    slug: str
    couche: str
    east_m: float
    north_m: float
    hours_ago: int
    attributes: dict[str, Any]
    accuracy_m: float = 12.0
    position_source: str = "gps"
    channel: str = "web"
    near_border: bool = False
    with_photo: bool = False
    corrects: str = ""


@dataclass(frozen=True, slots=True)
class PracticeObject:
    """What a correction speaks of: known here only, never a row that anybody could publish."""

    number: int
    couche: str
    east_m: float
    north_m: float
    attributes: dict[str, Any]

    @property
    def id(self) -> uuid.UUID:
        """The same on every site."""
        return uuid.uuid5(uuid.NAMESPACE_URL, f"reperes:bac-a-sable:{self.number}")


def _no_network(operator: str, said: str, **more: Any) -> dict[str, Any]:
    bad = {"operator": operator, "calls": "none", "sms": "none", "data": "none"}
    return {"operators": [bad], "comment": said, **more}


# Negative numbers: no published object ever bears one.
OBJECTS = {
    "poste": PracticeObject(
        -1,
        SERVICES,
        160,
        90,
        {
            "kind": "agence_postale",
            "nom": "Agence postale de Bac-à-Sable",
            "horaires": "Mo-Fr 09:00-12:00",
            "telephone": "+33199001122",
        },
    ),
    "mairie": PracticeObject(
        -2,
        BUILDINGS,
        0,
        0,
        {"kind": "mairie", "nom": "Mairie de Bac-à-Sable", "entree_plain_pied": False, "entree_marches": 3},
    ),
}

SCENES: tuple[Scene, ...] = (
    # Four people at the school: one decision is enough.
    Scene("ecole-1", NETWORK, 410, -220, 214,
        _no_network(ORANGE, "Devant l'école, impossible d'appeler le soir.",
                    place="outdoors", frequency="always"),
    ),
    Scene("ecole-2", NETWORK, 436, -204, 190,
        _no_network(ORANGE, "À la sortie de l'école, aucun appel ne passe.",
                    place="outdoors", frequency="often"),
    ),
    Scene("ecole-3", NETWORK, 402, -251, 166,
        _no_network(ORANGE, "Pas de réseau dans la cour, on ne peut pas prévenir les parents.",
                    frequency="always"),
    ),
    Scene("ecole-4", NETWORK, 447, -236, 71,
        _no_network(ORANGE, "L'arrêt de car de l'école ne capte rien.", place="outdoors"),
        channel="offline",
    ),
    # Three on the road to the mill.
    Scene("moulin-1", NETWORK, -1350, 880, 158,
        _no_network(SFR, "Route du Moulin, coupure après le pont.", place="vehicle", frequency="always"),
    ),
    Scene("moulin-2", NETWORK, -1322, 908, 132,
        _no_network(SFR, "La communication coupe toujours au même virage.",
                    place="vehicle", frequency="always"),
    ),
    Scene("moulin-3", NETWORK, -1381, 861, 47,
        _no_network(SFR, "Accident l'hiver dernier, il a fallu marcher pour appeler.",
                    place="vehicle", since="2025-01"),
    ),
    # Two at the lake.
    Scene("lac-1", NETWORK, 1980, 1240, 96,
        _no_network(FREE, "À la baignade, rien du tout, même pas les secours.", place="outdoors"),
    ),
    Scene("lac-2", NETWORK, 2004, 1219, 30,
        _no_network(FREE, "Plage du lac sans réseau tout l'été.", place="outdoors", frequency="always"),
    ),
    Scene("hameau", NETWORK, -620, -1730, 122, {
        "operators": [{"operator": BOUYGUES, "calls": "poor", "sms": "ok", "data": "none"}],
        "comment": "Dans la maison il faut se mettre à la fenêtre.", "place": "indoors", "frequency": "always",
    }),
    Scene("trop-vague", NETWORK, 900, -2600, 88, {
        "operators": [{"operator": ORANGE, "data": "poor"}],
        "comment": "Ça marche mal quelque part par là, plus loin que le bois.",
    }, accuracy_m=3200.0, position_source="map"),
    Scene("cafe", SERVICES, 45, 60, 205, {
        "kind": "cafe", "nom": "Café de la Place", "horaires": "Tu-Su 08:00-20:00",
        "frais_a_charge": ["Payant"], "comment": "Wifi pour les clients, prêt d'un ordinateur.",
    }),
    Scene("a-completer", SERVICES, -90, 120, 181, {
        "kind": "epn", "nom": "Point numérique de la médiathèque",
        "services": ["Aide aux démarches administratives"],
        "comment": "Une dame très patiente aide pour les papiers, le mardi je crois.",
    }),
    Scene("marche-1", SERVICES, 20, -35, 150, {
        "kind": "commerce", "nom": "Épicerie ambulante", "itinerance": "Itinérant",
        "comment": "Passe sur la place le jeudi matin.",
    }),
    Scene("marche-2", SERVICES, 34, -22, 54, {
        "kind": "commerce", "nom": "Camion épicerie du jeudi", "itinerance": "Itinérant",
        "comment": "Le camion s'arrête devant l'église.",
    }),
    Scene("donnees-personnelles", SERVICES, -240, 310, 140, {
        "kind": "sante", "nom": "Soins à domicile",
        "comment": "Ma voisine Mme Lucette Dupuis, 82 ans, 3 rue du Puits, est seule et malade. Appelez son fils.",
    }),
    Scene("hors-sujet", SERVICES, 520, 480, 76, {
        "kind": "autre", "nom": "Nid-de-poule",
        "comment": "Gros trou sur la chaussée, ma roue y est restée.",
    }),
    Scene("ferme", SERVICES, 130, -140, 62, {
        "kind": "distributeur", "nom": "Distributeur de billets",
        "comment": "Sous l'arcade, à côté de la pharmacie.",
    }),
    Scene("horaires-poste", SERVICES, 160, 90, 110, {
        "kind": "agence_postale", "nom": "Agence postale de Bac-à-Sable",
        "horaires": "Mo-Fr 09:00-11:30; Sa 09:00-12:00", "telephone": "+33199001122",
        "comment": "Les horaires ont changé en septembre.",
    }, corrects="poste"),
    Scene("photo", BUILDINGS, -60, -75, 173, {
        "kind": "salle", "nom": "Salle des fêtes", "entree_plain_pied": False, "entree_marches": 2,
        "entree_marches_rampe": "amovible", "stationnement_pmr": True,
        "comment": "La rampe est rangée derrière le bar, il faut la demander.",
    }, with_photo=True),
    Scene("pres-de-la-limite", BUILDINGS, 3340, 1960, 101, {
        "kind": "sport", "nom": "Gymnase intercommunal", "entree_plain_pied": True,
        "comment": "Juste après le ruisseau, côté Château-de-Sable je crois.",
    }, near_border=True, accuracy_m=85.0, position_source="map"),
    Scene("rampe-mairie", BUILDINGS, 0, 0, 84, {
        "kind": "mairie", "nom": "Mairie de Bac-à-Sable", "entree_plain_pied": True,
        "entree_marches": 0, "entree_marches_rampe": "fixe",
        "comment": "La rampe est terminée, on entre en fauteuil.",
    }, corrects="mairie"),
    Scene("toilettes", BUILDINGS, 75, -110, 41, {
        "kind": "toilettes", "nom": "Toilettes publiques de la halle", "sanitaires_adaptes": True,
        "entree_largeur_mini": 90,
    }),
    Scene("ecole-batiment", BUILDINGS, 425, -229, 26, {
        "kind": "ecole", "nom": "École des Dunes", "entree_plain_pied": True, "entree_dispositif_appel": True,
    }),
)  # fmt: skip
BY_SLUG = {scene.slug: scene for scene in SCENES}
_OBJECT_BY_ID = {one.id: one for one in OBJECTS.values()}


def object_before(contribution: Contribution) -> FeatureVersion | None:
    """Return, unsaved, what the object of a practice correction says today; None for another report."""
    known = _OBJECT_BY_ID.get(contribution.feature_id) if contribution.feature_id else None
    if known is None:
        return None
    return FeatureVersion(
        feature_id=known.id,
        couche=contribution.couche,
        geom=place(known.east_m, known.north_m),
        attributes=known.attributes,
        commune_id=SANDBOX_CODE,
        from_version=1,
        last_observed_on=timezone.localdate() - dt.timedelta(days=400),
    )

"""The fields of the national schemas we write, with their rules, in their order.

What a Table Schema says of each field, pinned here so that files can be judged without network;
the official document, once loaded (`sync_schemas`), takes this table's place, and a test compares
both field by field.

Sources: LaMednum/standard-mediation-num 1.0.1 (2024-04-11) · scdl/equipements 0.1.5 ·
MTES-MCT/acceslibre-schema 0.0.20, base. Each under etalab-2.0.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Field:
    """One field of a Table Schema: `kind` and `form` are its type and format."""

    name: str
    kind: str = "string"
    form: str = ""
    required: bool = False
    pattern: str = ""
    enum: tuple[str, ...] = ()
    max_length: int = 0
    min_length: int = 0
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class Spec:
    """A national schema at one version: its official address, the SHA-256 of the document, its rules.

    `checks` are Validata's custom checks, (name, parameters): frictionless ignores them.
    """

    key: str
    title: str
    version: str
    address: str
    sha256: str
    fields: tuple[Field, ...]
    checks: tuple[tuple[str, dict[str, Any]], ...] = ()


_MEDIATION = (
    Field("id", required=True),
    Field("pivot", required=True, pattern="^[a-zA-Z0-9]{9,14}$"),
    Field("nom", required=True),
    Field("commune", required=True),
    Field("code_postal", required=True, pattern="^\\d{5}$"),
    Field("code_insee", pattern="^([013-9]\\d|2[AB1-9])\\d{3}$"),
    Field("adresse", required=True),
    Field("complement_adresse"),
    Field("latitude", kind="number"),
    Field("longitude", kind="number"),
    Field("typologie"),
    Field(
        "telephone",
        pattern="^(\\+33|\\+590|\\+594|\\+262|\\+596|\\+269|\\+687|\\+689|\\+508|\\+681)(\\d){6,9}$",
    ),
    Field("courriels"),
    Field("site_web"),
    Field("horaires"),
    Field("presentation_resume", max_length=280),
    Field("presentation_detail"),
    Field("source"),
    Field("itinerance", pattern="(?:(?:^|\\|)(Itinérant|Fixe))+$"),
    Field("structure_parente"),
    Field("date_maj", kind="date", required=True),
    Field(
        "services",
        pattern="(?:(?:^|\\|)(Aide aux démarches administratives|Maîtrise des outils numériques du quotidien|Insertion professionnelle via le numérique|Utilisation sécurisée du numérique|Parentalité et éducation avec le numérique|Loisirs et créations numériques|Compréhension du monde numérique|Accès internet et matériel informatique|Acquisition de matériel informatique à prix solidaire))+$",
    ),
    Field(
        "publics_specifiquement_adresses",
        pattern="(?:(?:^|\\|)(Jeunes|Étudiants|Familles et/ou enfants|Seniors|Femmes))+$",
    ),
    Field(
        "prise_en_charge_specifique",
        pattern="(?:(?:^|\\|)(Surdité|Handicaps moteurs|Handicaps mentaux|Illettrisme|Langues étrangères \\(anglais\\)|Langues étrangères \\(autres\\)|Déficience visuelle))+$",
    ),
    Field("frais_a_charge", pattern="(?:(?:^|\\|)(Gratuit|Gratuit sous condition|Payant))+$"),
    Field(
        "dispositif_programmes_nationaux",
        pattern="(?:(?:^|\\|)(Aidants Connect|Bibliothèques numérique de référence|Certification PIX|Conseillers numériques|Emmaüs Connect|France Services|Grande école du numérique|La Croix Rouge|Point d'accès numérique CAF|Promeneurs du net|Relais numérique \\(Emmaüs Connect\\)))+$",
    ),
    Field(
        "formations_labels",
        pattern="(?:(?:^|\\|)(Formé à « Mon Espace Santé »|Formé à « DUPLEX » \\(illettrisme\\)|Arnia/MedNum BFC \\(Bourgogne-Franche-Comté\\)|Collectif ressources et acteurs réemploi \\(Normandie\\)|Fabriques de Territoire|Les Éclaireurs du numérique \\(Drôme\\)|Mes Papiers \\(Métropole de Lyon\\)|ORDI 3.0|SUD LABS \\(PACA\\)))+$",
    ),
    Field("autres_formations_labels"),
    Field(
        "modalites_acces",
        pattern="(?:(?:^|\\|)(Se présenter|Téléphoner|Contacter par mail|Prendre un RDV en ligne|Ce lieu n'accueille pas de public|Envoyer un mail avec une fiche de prescription))+$",
    ),
    Field(
        "modalites_accompagnement",
        pattern="(?:(?:^|\\|)(En autonomie|Accompagnement individuel|Dans un atelier collectif|À distance))+$",
    ),
    Field("fiche_acces_libre"),
    Field("prise_rdv"),
)
_SCDL = (
    Field("COLL_NOM", required=True),
    Field("COLL_SIRET", required=True, pattern="^\\d{14}$"),
    Field("EQUIP_UID", required=True, pattern="^[0-9A-B]{5}-[0-9]{8}-[0-9]{3}", max_length=18),
    Field(
        "EQUIP_THEME",
        required=True,
        enum=(
            "Equipement administratif",
            "Equipement de justice",
            "Equipement sanitaire",
            "Equipement social et d'animation",
            "Equipement sportif et de loisirs",
            "Equipement d'enseignement",
            "Equipement cultuel",
            "Equipement culturel",
            "Equipement de mobilité",
            "Autre équipement",
        ),
    ),
    Field("EQUIP_CODE", required=True, max_length=12),
    Field("EQUIP_TYPE", required=True),
    Field("EQUIP_NOM", required=True),
    Field("ADR_NUMERO", required=True),
    Field("ADR_NOMVOIE", required=True, pattern="^[a-zA-Z0-9\\-\\'\\s\\d\\u00C0-\\u00FF]+$", min_length=3),
    Field("ADR_CODEPOSTAL", required=True, max_length=5),
    Field("ADR_COMMUNE", required=True, pattern="^[A-Za-z\\s\\-\\u00C0-\\u00FF]+$"),
    Field("ADR_CLE_INTEROP", pattern="^[A-Za-z0-9_]+$", min_length=16),
    Field("ERP_ID"),
    Field("ERP_TYPE", max_length=10),
    Field("ERP_CATEGORIE", kind="integer", minimum=1, maximum=5),
    Field("EQUIP_LAT", kind="number", required=True),
    Field("EQUIP_LONG", kind="number", required=True),
    Field("EQUIP_OUVERTURE"),
    Field("EQUIP_TEL", max_length=13),
    Field("EQUIP_EMAIL", form="email"),
    Field("EQUIP_WEB", form="uri"),
)
_ACCESLIBRE = (
    Field("id", required=True),
    Field("name", required=True),
    Field("postal_code", required=True),
    Field("commune", required=True),
    Field("numero"),
    Field("voie"),
    Field("lieu_dit"),
    Field("code_insee"),
    Field("siret", pattern="^\\d{14}$"),
    Field("contact_url", form="uri"),
    Field("site_internet", form="uri"),
    Field("longitude", kind="number"),
    Field("latitude", kind="number"),
    Field("activite"),
    Field("transport_station_presence", kind="boolean"),
    Field("transport_bureau_de_vote_accessibilite", kind="boolean"),
    Field("stationnement_presence", kind="boolean"),
    Field("stationnement_pmr", kind="boolean"),
    Field("stationnement_ext_presence", kind="boolean"),
    Field("stationnement_ext_pmr", kind="boolean"),
    Field("cheminement_ext_presence", kind="boolean"),
    Field("cheminement_ext_terrain_stable", kind="boolean"),
    Field("cheminement_ext_plain_pied", kind="boolean"),
    Field("cheminement_ext_ascenseur", kind="boolean"),
    Field("cheminement_ext_ascenseur_pmr", kind="boolean"),
    Field("cheminement_ext_nombre_marches", kind="integer"),
    Field("cheminement_ext_reperage_marches", kind="boolean"),
    Field("cheminement_ext_sens_marches", enum=("montant", "descendant")),
    Field("cheminement_ext_main_courante", kind="boolean"),
    Field("cheminement_ext_rampe", enum=("aucune", "fixe", "amovible")),
    Field("cheminement_ext_pente_presence", kind="boolean"),
    Field("cheminement_ext_pente_degre_difficulte", enum=("légère", "importante")),
    Field("cheminement_ext_pente_longueur", enum=("courte", "moyenne", "longue")),
    Field("cheminement_ext_devers", enum=("aucun", "léger", "important")),
    Field("cheminement_ext_bande_guidage", kind="boolean"),
    Field("cheminement_ext_retrecissement", kind="boolean"),
    Field("entree_reperage", kind="boolean"),
    Field("entree_vitree", kind="boolean"),
    Field("entree_vitree_vitrophanie", kind="boolean"),
    Field("entree_plain_pied", kind="boolean"),
    Field("entree_ascenseur", kind="boolean"),
    Field("entree_ascenseur_pmr", kind="boolean"),
    Field("entree_marches", kind="integer"),
    Field("entree_marches_reperage", kind="boolean"),
    Field("entree_marches_main_courante", kind="boolean"),
    Field("entree_marches_rampe", enum=("aucune", "fixe", "amovible")),
    Field("entree_marches_sens", enum=("montant", "descendant")),
    Field("entree_dispositif_appel", kind="boolean"),
    Field("entree_dispositif_appel_type", kind="array"),
    Field("entree_balise_sonore", kind="boolean"),
    Field("entree_aide_humaine", kind="boolean"),
    Field("entree_largeur_mini", kind="integer"),
    Field("entree_pmr", kind="boolean"),
    Field("entree_porte_presence", kind="boolean"),
    Field("entree_porte_manoeuvre", enum=("battante", "coulissante", "tourniquet", "tambour")),
    Field("entree_porte_type", enum=("manuelle", "automatique")),
    Field("accueil_visibilite", kind="boolean"),
    Field("accueil_personnels", enum=("aucun", "formés", "non-formés")),
    Field("accueil_audiodescription_presence", kind="boolean"),
    Field("accueil_audiodescription", kind="array"),
    Field("accueil_equipements_malentendants_presence", kind="boolean"),
    Field("accueil_equipements_malentendants", kind="array"),
    Field("accueil_cheminement_plain_pied", kind="boolean"),
    Field("accueil_cheminement_ascenseur", kind="boolean"),
    Field("accueil_cheminement_ascenseur_pmr", kind="boolean"),
    Field("accueil_cheminement_nombre_marches", kind="integer"),
    Field("accueil_cheminement_reperage_marches", kind="boolean"),
    Field("accueil_cheminement_main_courante", kind="boolean"),
    Field("accueil_cheminement_rampe", enum=("aucune", "fixe", "amovible")),
    Field("accueil_cheminement_sens_marches", enum=("montant", "descendant")),
    Field("accueil_ascenseur_etage", kind="boolean"),
    Field("accueil_ascenseur_etage_pmr", kind="boolean"),
    Field("accueil_classes_accessibilite", enum=("aucune", "partielle", "toutes")),
    Field("accueil_espaces_ouverts", kind="array"),
    Field("accueil_chambre_nombre_accessibles", kind="integer"),
    Field("accueil_chambre_douche_plain_pied", kind="boolean"),
    Field("accueil_chambre_douche_siege", kind="boolean"),
    Field("accueil_chambre_douche_barre_appui", kind="boolean"),
    Field("accueil_chambre_sanitaires_barre_appui", kind="boolean"),
    Field("accueil_chambre_sanitaires_espace_usage", kind="boolean"),
    Field("accueil_chambre_numero_visible", kind="boolean"),
    Field("accueil_chambre_equipement_alerte", kind="boolean"),
    Field("accueil_chambre_accompagnement", kind="boolean"),
    Field("accueil_retrecissement", kind="boolean"),
    Field("accueil_isoloir_accessibilite", kind="boolean"),
    Field("accueil_urne_accessibilite", kind="boolean"),
    Field("sanitaires_presence", kind="boolean"),
    Field("sanitaires_adaptes", kind="boolean"),
    Field("labels", kind="array"),
    Field("labels_familles_handicap", kind="array"),
    Field("registre_url", form="uri"),
    Field("conformite", kind="boolean"),
)
_REGISTRY = "https://schema.data.gouv.fr/schemas"
SPECS = {
    spec.key: spec
    for spec in (
        Spec(
            "lieux-de-mediation-numerique",
            "Lieux de médiation numérique",
            "1.0.1",
            f"{_REGISTRY}/LaMednum/standard-mediation-num/1.0.1/schema.json",
            "4a01fb28a09d98f762e0e632f421e139b25d2f93c80814485b9f079f69d2f660",
            _MEDIATION,
            # The identity of a place is most often a SIRET: its key is checked as SCDL's is.
            (("french-siret-if-14-digits", {"column": "pivot"}), ("osm-hours", {"column": "horaires"})),
        ),
        Spec(
            "equipements",
            "Équipements (SCDL)",
            "0.1.5",
            f"{_REGISTRY}/scdl/equipements/0.1.5/schema.json",
            "cc4eef3f9eac0a579c659b553333c04b1ebb1bb58de923aea96ecbe57fa719cc",
            _SCDL,
            (("french-siret-value", {"column": "COLL_SIRET"}), ("osm-hours", {"column": "EQUIP_OUVERTURE"})),
        ),
        Spec(
            "acceslibre",
            "Accessibilité des établissements (acceslibre, base)",
            "0.0.20",
            f"{_REGISTRY}/MTES-MCT/acceslibre-schema/0.0.20/base/schema.json",
            "83a7fd7fcec0fcc27327c45717dcd7eec0e336edf788996199f7b6601572c77e",
            _ACCESLIBRE,
            (("french-siret-if-14-digits", {"column": "siret"}),),
        ),
    )
}

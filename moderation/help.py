"""The help of the desk, written once: read beside each section, on /aide/mairie/, and on paper.

Short sentences for somebody who opens the page once a week. A page shows one section with
`{% include "aide/que_faire.html" with aide=aides.<slug> %}`.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Section:
    """What to do before one part of a page: `text` is its paragraphs."""

    slug: str
    title: str | Promise
    text: tuple[str | Promise, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """Sections that are read together; `picture` names frontend/static/guide/<picture>.webp."""

    slug: str
    title: str | Promise
    picture: str
    picture_alt: str | Promise
    sections: tuple[Section, ...]

    @property
    def picture_path(self) -> str:
        """Where the picture lies among the static files."""
        return f"guide/{self.picture}.webp"

    @property
    def picture_width(self) -> int:
        """In CSS pixels: pictures of a phone are as wide as it, those of a screen half as wide."""
        return 360 if self.picture.endswith("telephone") else 640

    @property
    def picture_height(self) -> int:
        """In CSS pixels."""
        return 640 if self.picture.endswith("telephone") else 400


QUEUE = Chapter(
    "file",
    _("La file : ce qui attend votre décision"),
    "file-telephone",
    _("La file sur un téléphone : le plus ancien signalement est ouvert"),
    (
        Section(
            "file",
            _("Par où commencer"),
            (
                _("Le nombre, en haut, dit ce qui reste. Le plus ancien est en premier, déjà ouvert."),
                _("Rien ne presse : un signalement que vous laissez reste là. Au bout de trois semaines, "
                  "l'intercommunalité peut répondre à votre place."),
            ),
        ),
        Section(
            "groupe",
            _("Plusieurs disent la même chose"),
            (
                _("Les signalements du même sujet, au même endroit, forment une seule carte : une décision "
                  "vaut pour tous. Retirez du groupe celui qui parle d'autre chose."),
            ),
        ),
        Section(
            "filtrer",
            _("N'en voir qu'une partie"),
            (_("Filtrez par sujet, par commune ou par état. Le filtre ne supprime rien."),),
        ),
        Section(
            "lot",
            _("Décider de plusieurs à la fois"),
            (
                _("Cochez, choisissez le geste, appliquez. Chaque signalement est décidé pour lui-même, et "
                  "la page dit ce qu'il est advenu de chacun."),
            ),
        ),
    ),
)  # fmt: skip

CARD = Chapter(
    "fiche",
    _("La fiche : lire avant de décider"),
    "fiche-telephone",
    _("La fiche d'un signalement sur un téléphone : ce qui est dit, réponse par réponse"),
    (
        Section(
            "lire",
            _("Ce qui est dit"),
            (
                _("Lisez les réponses comme vous liriez une lettre. Ce qui sera publié est ce qui s'affiche, "
                  "jamais le nom ni l'adresse de l'habitant."),
            ),
        ),
        Section(
            "avant_apres",
            _("Avant et après"),
            (_("Pour une correction, le texte barré est celui d'aujourd'hui, l'autre celui proposé."),),
        ),
        Section(
            "photos",
            _("Photos"),
            (_("Une photo où l'on reconnaît quelqu'un ne se publie pas : demandez-en une autre, ou refusez."),),
        ),
        Section(
            "ou",
            _("Où et quand"),
            (
                _("Regardez la précision : à moins de 50 m, le point est bon ; au-delà, demandez."),
                _("Près de la limite, vérifiez que c'est bien chez vous ; sinon, transmettez."),
            ),
        ),
        Section(
            "voisins",
            _("À moins de 100 m"),
            (_("Si la même chose y figure déjà, fusionnez plutôt que d'accepter une seconde fois."),),
        ),
    ),
)  # fmt: skip

GESTURES = Chapter(
    "gestes",
    _("Décider : un geste, et un motif quand il le faut"),
    "fiche-ecran",
    _("La fiche sur un ordinateur : les réponses à gauche, la carte et les voisins à droite"),
    (
        Section(
            "valider",
            _("Accepter"),
            (_("C'est vrai et suffisant. Il paraîtra à la prochaine publication."),),
        ),
        Section(
            "completer",
            _("Compléter et accepter"),
            (
                _("Ajoutez ce que la mairie sait (horaires, adresse, téléphone) ou déplacez le point. "
                  "L'habitant voit ce que vous avez changé."),
            ),
        ),
        Section(
            "preciser",
            _("Demander une précision"),
            (_("Posez une question courte. L'habitant répond, et le signalement revient dans la file."),),
        ),
        Section(
            "fusionner",
            _("Fusionner"),
            (_("Le lieu est déjà connu : ce signalement compte comme une observation de plus."),),
        ),
        Section(
            "refuser",
            _("Refuser"),
            (
                _("Choisissez un motif : il est envoyé à l'habitant et paraît au registre, sans aucun nom. "
                  "L'habitant peut demander un nouvel examen à l'intercommunalité ou au département."),
            ),
        ),
        Section(
            "transferer",
            _("Transmettre"),
            (_("Ce n'est pas chez vous, ou pas de votre ressort : passez-le, avec un mot qui dit pourquoi."),),
        ),
        Section(
            "attendre",
            _("Mettre en attente"),
            (_("Il faut aller voir, ou en parler au conseil : choisissez une date, il reviendra ce jour-là."),),
        ),
        Section(
            "annuler",
            _("Se tromper n'est pas grave"),
            (
                _("Pendant trente secondes, « Annuler » efface la décision et personne n'est prévenu. Une "
                  "acceptation se reprend tant qu'elle n'est pas publiée."),
            ),
        ),
        Section(
            "ensemble",
            _("Si quelqu'un décide avant vous"),
            (_("Votre choix n'est pas appliqué : la page dit qui a décidé, quoi, et à quelle heure."),),
        ),
    ),
)  # fmt: skip

PRACTICE = Chapter(
    "exercice",
    _("S'exercer sans risque"),
    "file-ecran",
    _("La file du bac à sable sur un ordinateur : un groupe de quatre signalements"),
    (
        Section(
            "bac_a_sable",
            _("Le bac à sable"),
            (
                _("Une commune qui n'existe pas, des signalements inventés, pour vous seul. Rien n'y est "
                  "réel, rien n'en sort. Vous pouvez tout remettre à zéro."),
                _("La visite guidée y fait faire chaque geste une fois, en cinq minutes."),
            ),
        ),
    ),
)  # fmt: skip

# What the keyboard does on the queue and the card.
KEYS: tuple[tuple[str, str | Promise], ...] = (
    ("j", _("signalement suivant")),
    ("k", _("signalement précédent")),
    ("v", _("accepter")),
    ("c", _("compléter")),
    ("p", _("demander une précision")),
    ("f", _("fusionner")),
    ("r", _("refuser")),
    ("u", _("annuler")),
    ("?", _("toutes les touches")),
)

CHAPTERS: tuple[Chapter, ...] = (QUEUE, CARD, GESTURES, PRACTICE)
BY_SLUG = {section.slug: section for chapter in CHAPTERS for section in chapter.sections}
# The section of each gesture; an action that is not here speaks for itself.
BY_ACTION: dict[str, Section] = {
    "accept": BY_SLUG["valider"],
    "complete": BY_SLUG["completer"],
    "return": BY_SLUG["preciser"],
    "merge": BY_SLUG["fusionner"],
    "reject": BY_SLUG["refuser"],
    "transfer": BY_SLUG["transferer"],
    "hold": BY_SLUG["attendre"],
    "reopen": BY_SLUG["annuler"],
}

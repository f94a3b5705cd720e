"""The guided tour: seven real gestures in the sandbox, each seen in the decisions, never taken on trust."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from comptes.models import User
from contributions.models import Contribution
from moderation import practice
from moderation.models import Decision, GuidedTour
from moderation.scope import of_sandbox

Action = Decision.Action


@dataclass(frozen=True, slots=True)
class Step:
    """One gesture to make: on which invented report, what to do, and how it is recognised."""

    slug: str
    title: str | Promise
    text: str | Promise
    scene: str
    was_done: Callable[[set[str]], bool]


def _saw(*actions: Action) -> Callable[[set[str]], bool]:
    return lambda seen: not seen.isdisjoint(actions)


STEPS: tuple[Step, ...] = (
    Step(
        "ouvrir",
        _("Ouvrir un signalement"),
        _("Un habitant signale le Café de la Place. Ouvrez sa fiche et lisez : quoi, où, quand."),
        "cafe",
        bool,
    ),
    Step(
        "valider",
        _("Accepter"),
        _(
            "Tout est juste et complet : acceptez le café. Il partirait sur la carte à la prochaine publication."
        ),
        "cafe",
        _saw(Action.ACCEPT, Action.COMPLETE),
    ),
    Step(
        "completer",
        _("Compléter et accepter"),
        _(
            "Il manque au point numérique ce que la mairie sait : ses horaires, son adresse. Complétez une "
            "réponse, puis acceptez. Vos ajouts seraient montrés à l'habitant."
        ),
        "a-completer",
        _saw(Action.COMPLETE),
    ),
    Step(
        "preciser",
        _("Demander une précision"),
        _(
            "« Quelque part par là » ne suffit pas. Demandez où exactement : l'habitant recevrait votre "
            "question et le signalement reviendrait avec sa réponse."
        ),
        "trop-vague",
        _saw(Action.RETURN),
    ),
    Step(
        "refuser",
        _("Refuser avec un motif"),
        _(
            "Ce signalement nomme une voisine et dit qu'elle est malade : il ne doit pas paraître. Refusez-le "
            "avec le motif « Données personnelles ». Un refus dit toujours pourquoi."
        ),
        "donnees-personnelles",
        _saw(Action.REJECT),
    ),
    Step(
        "regrouper",
        _("Regrouper ce qui dit la même chose"),
        _(
            "Quatre parents signalent le même trou de réseau devant l'école. Décidez du groupe entier, ou "
            "fusionnez l'un dans l'autre : chacun compte comme une observation de plus."
        ),
        "ecole-1",
        _saw(Action.MERGE),
    ),
    Step(
        "annuler",
        _("Revenir sur une décision"),
        _(
            "Acceptez ce signalement, puis touchez « Annuler » en haut de la file : tant "
            "que rien n'est publié, une erreur ne coûte rien."
        ),
        "photo",
        _saw(Action.UNDO, Action.REOPEN),
    ),
)
BY_SLUG = {step.slug: step for step in STEPS}


@dataclass(frozen=True, slots=True)
class Shown:
    """A step as the page shows it: done, and the address of its report when there is one to open."""

    step: Step
    done: bool
    current: bool
    report: Contribution | None


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a person is: `open` says that the sandbox is filled, `begun` that the tour was asked for."""

    steps: list[Shown]
    open: bool
    begun: bool

    @property
    def count(self) -> int:
        """How many steps are done."""
        return sum(one.done for one in self.steps)

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.steps)

    @property
    def finished(self) -> bool:
        """Say whether every gesture was made."""
        return self.count == self.total


def is_to_offer(user: User) -> bool:
    """Say whether the tour was never offered to `user`: once they answer, it is not offered again."""
    return not GuidedTour.objects.filter(person=user.pk).exists()


def begin(user: User) -> None:
    """Begin the tour, or take it up again; fill the sandbox when it is empty."""
    with transaction.atomic():
        GuidedTour.objects.update_or_create(
            person=user,
            create_defaults={"begun_at": timezone.now()},
            defaults={"begun_at": timezone.now()},
        )
        if not practice.is_open(user):
            practice.start_again(user)


def decline(user: User) -> None:
    """Leave it for later; the help always leads back to it."""
    GuidedTour.objects.get_or_create(person=user, defaults={"declined_at": timezone.now()})


def open_report(user: User) -> Contribution | None:
    """Return the report of the next step, noting that it was opened; None when there is none."""
    begin(user)
    current = next((one for one in progress_of(user).steps if one.current), None)
    if current is None or current.report is None:
        return None
    if current.step.slug == STEPS[0].slug:
        _keep(user, {current.step.slug})
    return current.report


def progress_of(user: User) -> Progress:
    """Return the steps with what the decisions in the sandbox of `user` prove, in three queries."""
    known = GuidedTour.objects.filter(person=user.pk).first()
    done = _proved(user) | (set(known.done) if known else set())
    rows = {row.pk: row for row in of_sandbox(user).only("pk", "status")}
    current = next((step.slug for step in STEPS if step.slug not in done), "")
    shown = [
        Shown(
            step=step,
            done=step.slug in done,
            current=step.slug == current,
            report=rows.get(practice.identity(user, step.scene)),
        )
        for step in STEPS
    ]
    return Progress(steps=shown, open=bool(rows), begun=known is not None and known.begun_at is not None)


def keep_progress(user: User) -> None:
    """Keep what is proved before the decisions go."""
    proved = _proved(user)
    if proved:
        _keep(user, proved)


def _keep(user: User, slugs: set[str]) -> None:
    with transaction.atomic():
        GuidedTour.objects.get_or_create(person=user, defaults={"begun_at": timezone.now()})
        known = GuidedTour.objects.select_for_update(of=("self",)).get(person=user)
        known.done = [step.slug for step in STEPS if step.slug in {*known.done, *slugs}]
        known.save(update_fields=["done"])


def _proved(user: User) -> set[str]:
    """Return the steps whose gesture is among the decisions taken in the sandbox."""
    actions = Decision.objects.filter(contribution__in=of_sandbox(user).values("pk"))
    seen = set(actions.order_by().values_list("action", flat=True).distinct())
    return {step.slug for step in STEPS if step.was_done(seen)}

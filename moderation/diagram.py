"""What is generated from the workflow table: the diagram of the docs, the trigger of the database."""

from django.utils.translation import gettext as _
from django.utils.translation import override

from contributions.models import Contribution
from moderation.models import Decision
from moderation.workflow import FINAL, TRANSITIONS, transition_pairs

WHO = {
    Decision.Actor.OFFICIAL: "mairie",
    Decision.Actor.AUTHOR: "auteur",
    Decision.Actor.PUBLICATION: "publication",
}


def states_page() -> str:
    """Return docs/etats.md, in French whatever the language of the instance."""
    with override("fr"):
        lines = [
            "# États d'un signalement",
            "",
            "Cette page est écrite par `./reperes manage workflow_diagram` depuis la table de",
            "`moderation/workflow.py` : ne la corrigez pas à la main. † : un motif est obligatoire.",
            "",
            "```mermaid",
            "stateDiagram-v2",
            *[f'    state "{state.label}" as {state.value}' for state in Contribution.Status],
            "    [*] --> SUBMITTED",
            *[
                f"    {status.value} --> {move.to.value} : {action.label}"
                f"{' †' if move.reason_required else ''} ({WHO[move.actor]})"
                for (status, action), move in TRANSITIONS.items()
            ],
            *[f"    {state.value} --> [*]" for state in Contribution.Status if state in FINAL],
            "```",
            "",
            "| De | Geste | Vers | Qui | Motif |",
            "|---|---|---|---|---|",
            *[
                f"| {status.label} | {action.label} | {move.to.label} | {WHO[move.actor]} | "
                f"{_('obligatoire') if move.reason_required else ''} |"
                for (status, action), move in TRANSITIONS.items()
            ],
        ]
    return "\n".join(lines) + "\n"


def trigger_body() -> str:
    """Return the PL/pgSQL body that a migration must have installed for today's table.

    The database repeats three rules, whatever the door: the change is in the table, the
    version grows by one, and a decision was written for it first.
    """
    pairs = ",\n        ".join(f"('{before}', '{after}')" for before, after in transition_pairs())
    return f"""
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        {pairs}
    ) THEN
        RAISE EXCEPTION 'contribution %: % may not become %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'contribution_legal_transition';
    END IF;
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'contribution %: the version must grow by one', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'contribution_version_grows';
    END IF;
    IF NOT EXISTS (
        SELECT 1 FROM moderation_decision
        WHERE contribution_id = NEW.id AND version = NEW.version
          AND from_status = OLD.status AND to_status = NEW.status
    ) THEN
        RAISE EXCEPTION 'contribution %: no decision explains %', OLD.id, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'contribution_decision_first';
    END IF;
    RETURN NEW;
END;
"""  # noqa: S608  # built from our own table, installed by a migration

"""What the database itself refuses or does about delegations: bodies of triggers, in PL/pgSQL.

`DELEGATION_WITHIN_MANDATE` refuses a delegation that is wider or longer than the mandate it
comes from, is given to oneself, comes from another delegation, or from a closed account. The
others end delegations in the statement that ends the mandate, whatever the door, so that the
trigger on decisions, which looks for a live mandate, needs to know nothing of delegations.
"""

DELEGATION_WITHIN_MANDATE = """
IF NOT EXISTS (
    SELECT 1
    FROM comptes_membership AS source
    JOIN comptes_user AS person ON person.id = source.user_id
    WHERE source.id = NEW.delegated_by_id
      AND source.delegated_by_id IS NULL
      AND source.user_id <> NEW.user_id
      AND source.role = NEW.role
      AND source.commune_id IS NOT DISTINCT FROM NEW.commune_id
      AND source.epci_id IS NOT DISTINCT FROM NEW.epci_id
      AND source.departement_id IS NOT DISTINCT FROM NEW.departement_id
      AND source.region_id IS NOT DISTINCT FROM NEW.region_id
      AND source.national = NEW.national
      AND source.starts <= NEW.starts
      AND (source.ends IS NULL OR NEW.ends <= source.ends)
      AND (person.is_active OR TG_OP = 'UPDATE')
) THEN
    RAISE EXCEPTION 'delegation % exceeds the mandate it comes from', NEW.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'delegation_within_mandate';
END IF;
RETURN NEW;
"""

END_DELEGATIONS_WITH_MANDATE = """
UPDATE comptes_membership
SET starts = LEAST(starts, NEW.ends), ends = NEW.ends
WHERE delegated_by_id = NEW.id AND ends > NEW.ends;
RETURN NULL;
"""

END_DELEGATIONS_OF_THE_INACTIVE = """
UPDATE comptes_membership AS delegation
SET starts = LEAST(delegation.starts, GREATEST(now(), source.starts)), ends = GREATEST(now(), source.starts)
FROM comptes_membership AS source
WHERE source.id = delegation.delegated_by_id AND source.user_id = NEW.id AND delegation.ends > now();
RETURN NULL;
"""

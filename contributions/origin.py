"""The check of where a form was, as contributions know it; the rule itself is below, for all."""

from comptes.origin import CrossSite, check_origin

__all__ = ["CrossSite", "check_origin"]

"""Parts of pages that exports gives to others."""

"""The officials' desk: queue, decisions, publication. Sole writer of a contribution's status."""

"""`publish` and `workflow_diagram`."""

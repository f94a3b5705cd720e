"""The project: settings, urls, health and headers. No domain rule lives here."""

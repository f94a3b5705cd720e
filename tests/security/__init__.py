"""Promises about headers, cookies, logs and start-up."""

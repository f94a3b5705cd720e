"""Promises of comptes."""

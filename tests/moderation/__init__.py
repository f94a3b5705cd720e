"""Promises about decisions: who, what, when, why, once."""

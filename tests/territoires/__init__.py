"""Promises of territoires."""

"""Scores of any origin: a table that somebody hands in, read into the run's own tables."""

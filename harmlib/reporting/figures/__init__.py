"""Figures: a table in, a matplotlib Figure out. Nothing is loaded or saved here."""

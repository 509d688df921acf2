"""Printed figures: whether they are possible, and what they give away."""

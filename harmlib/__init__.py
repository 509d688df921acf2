"""Reproducible reports on harmful-content detection."""

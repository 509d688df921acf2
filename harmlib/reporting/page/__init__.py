"""The report as HTML: fragments, the threshold explorer, the gallery of errors, whole pages."""

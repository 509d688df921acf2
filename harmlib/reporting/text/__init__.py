"""Numbers in, Korean sentences and tables out."""

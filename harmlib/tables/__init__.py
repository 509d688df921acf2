"""Tables that people hand in as CSV: read what a spreadsheet wrote, or say what is wrong where."""

"""Where to draw the line, and how sure to be: tables of scores in, tables out; without torch."""

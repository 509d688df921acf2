"""The lab of 06_explore: widgets over the saved validation scores of a run."""

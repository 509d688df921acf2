"""The threshold lab of 05_explore: widgets over the saved validation scores."""

"""A sample of decisions for people to look at, and what their labels say of all decisions."""

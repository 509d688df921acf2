"""Features: what a file looks like to frozen networks: one vector per backbone, kept in a store."""

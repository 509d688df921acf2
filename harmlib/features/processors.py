"""What networks run on, where it is missing: told from here, so that nothing heavy is imported."""


class NoSuchProcessor(ValueError):
    """The networks can't run where they are asked to: this machine, or the cluster, has no such."""

"""The command line: what a person asked for is parsed and printed here, and nothing else."""

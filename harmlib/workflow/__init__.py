"""What has to run, and what is still valid: steps, their cache, execution, verify, compare."""

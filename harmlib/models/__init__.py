"""How harmful is it? The classifier, its losses, the training loop, and the checkpoint."""

"""How gradients flow: paths, bounds with their conditions, and norms measured along a run."""

"""Code: a model's forward pass, gradients and check as a module of its own, NumPy or PyTorch."""

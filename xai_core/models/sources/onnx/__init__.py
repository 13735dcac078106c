"""A network from an ONNX file: tried in a process of its own, then rebuilt from PyTorch's layers, differentiable."""

"""A network from a Keras file, .keras or .h5: read without Keras, checked layer by layer, rebuilt from PyTorch's."""

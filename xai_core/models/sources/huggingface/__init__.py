"""A network of the HuggingFace hub: a folder, a zip or a name on the hub, with its configuration and safetensors."""

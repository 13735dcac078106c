"""Where models come from: one file or folder a source; the catalogue lists them."""

"""Attribution methods: one file a method, each with its record `METHOD`; the catalogue lists them."""

"""The Filters page: the first layer's filters, one of them closely, and the kernels of deeper layers."""

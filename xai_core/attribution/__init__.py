"""Attribution: one file a method, one catalogue of them all."""

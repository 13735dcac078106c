"""The Explain page's parts."""

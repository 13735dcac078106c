"""The Step-by-step page's parts."""

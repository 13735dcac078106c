"""What every part of the dashboard stands on: the visitor's state, what is kept, work in the background."""

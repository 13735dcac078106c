"""The Units page: which unit is shown, what it sees, what excites it, and the pixels behind it."""

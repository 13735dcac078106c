"""Two models on the same pictures: which are asked, their answers, where these differ, and where both models look."""

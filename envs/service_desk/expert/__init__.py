"""The scripted expert: what it has understood, what it does, and its words."""

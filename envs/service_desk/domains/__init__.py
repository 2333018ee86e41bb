"""The trades: databases, tools, policies, goals, and what is true of them. `registry.py` finds them by name."""

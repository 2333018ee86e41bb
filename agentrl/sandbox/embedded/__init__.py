"""The embedded back-end: fork servers, and what isolates each run. `forkserver.py` is the way in."""

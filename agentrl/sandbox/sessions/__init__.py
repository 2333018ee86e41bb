"""A shell and files that persist over the turns of an episode. `session.py` is the way in; `driver_*` run inside."""

"""The docker back-end: programs run in children of a fork server inside one locked-down container. See docs/docker.md.

`backend`, `container`, `daemon`, `image` and `profile` belong to the trusted side; `server` runs inside the container
and imports the standard library only; `frames` and `tunnel` serve both.
"""

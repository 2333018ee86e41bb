"""Graders that the graded program cannot reach: `calls`, `source`, `stdio` and `pytest_files`.

`driver_*` and what they import run inside of a sandbox, with the standard library only.
"""

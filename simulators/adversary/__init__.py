"""Adversarial users with a proof that each of their tasks can be solved. See docs/simulators.md."""

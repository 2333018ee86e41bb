"""Tests of a tier or back-end skip where a machine lacks it, unless AGENTRL_TEST_TIERS names it: then they fail."""

import os
from typing import NoReturn

import pytest


def lacks(tier: str, reason: object) -> NoReturn:
    """Skip, or fail where `tier` is demanded, as CI does for what its machine is known to have."""
    if tier in os.environ.get("AGENTRL_TEST_TIERS", "").split():
        pytest.fail(f"{tier} must work here (AGENTRL_TEST_TIERS): {reason}")
    pytest.skip(f"{tier} does not work here: {reason}")

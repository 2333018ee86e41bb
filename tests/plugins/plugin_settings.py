"""Settings of runs so small that they only show that the parts fit together, and environments to run them in."""

from typing import Any

from tiny_settings import TINY

SMALL: dict[str, Any] = {
    "tiny": TINY,
    "cold_start_episodes": 8,
    "cold_start_epochs": 1,
    "max_steps": 1,
    "num_groups": 2,
    "group_size": 2,
    "eval_episodes": 4,
    "max_new_tokens": 8,
    "max_context": 256,
    "run_name": "r",
}

ENVIRONMENTS = '''
from agentrl.envs import TextEnv


class Count(TextEnv):
    """Say the number after the one shown."""

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.number = int(self.np_random.integers(0, 9))
        return str(self.number), {}

    def step(self, action):
        success = action == str(self.number + 1)
        return "", float(success), True, False, {"success": success}


class Taught(Count):
    def expert(self):
        return str(self.number + 1)


class Broken(Taught):
    """Fails whenever it is not the expert who plays."""

    def step(self, action):
        if action != self.expert():
            raise ConnectionError("the server is gone")
        return super().step(action)


class Shaky(Count):
    """Fails in a tenth of its tasks."""

    def step(self, action):
        if self.np_random.random() < 0.1:
            raise ConnectionError("the server is gone")
        return super().step(action)


class NoEnvironment:
    pass
'''

"""Sums of one to three digits, drawn by how well the policy does at each length: an environment with a curriculum."""

import random

from agentrl.envs import TextEnv


class Sums(TextEnv):
    """Add two numbers of equal length."""

    system_prompt = "Add."

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        digits = int(self.np_random.integers(1, 4))  # evaluation and the cold start: all lengths, by the seed alone
        digits = (options or {}).get("digits", digits)
        left, right = self.np_random.integers(10 ** (digits - 1), 10**digits, size=2).tolist()
        self.answer = str(left + right)
        return f"{left}+{right}", {"task_id": f"{left}+{right}", "category": f"{digits} digits"}

    def step(self, action):
        success = action.strip() == self.answer
        return "", float(success), True, False, {"success": success}

    def expert(self):
        return self.answer

    def curriculum(self):
        return Lengths()


class Lengths:
    """Prefers the lengths whose sums are solved about half of the time: there a group of episodes teaches most."""

    def __init__(self):
        self.rates = {"1": 0.5, "2": 0.5, "3": 0.5}

    def draw(self, seed):
        weights = [rate * (1 - rate) + 0.02 for rate in self.rates.values()]  # none is ever forgotten
        return {"digits": int(random.Random(seed).choices(list(self.rates), weights)[0])}

    def report(self, options, successes):
        if successes:
            length = str(options["digits"])
            self.rates[length] += 0.2 * (sum(successes) / len(successes) - self.rates[length])

    def state_dict(self):
        return {"rates": dict(self.rates)}

    def load_state_dict(self, state):
        self.rates = dict(state["rates"])

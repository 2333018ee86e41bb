from agentrl.envs import TextEnv


class Adding(TextEnv):
    """Add two digits, in at most two tries; the second is worth half."""

    system_prompt = "Add."

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        left, right = (int(digit) for digit in self.np_random.integers(0, 10, size=2))
        self.answer, self.tries = str(left + right), 0
        return f"{left}+{right}", {"task_id": f"{left}+{right}"}

    def step(self, action):
        self.tries += 1
        success = action == self.answer
        over = success or self.tries == 2
        rewards = {"right": float(success), "late": -0.5 if success and self.tries == 2 else 0.0}
        info = {"rewards": rewards, "success": success}
        return "right" if success else "no", sum(rewards.values()), over, False, info

    def expert(self):
        return self.answer

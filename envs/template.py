"""What `agentrl env init` writes: a small environment that trains as it is, with a comment wherever one would ask."""

_TEMPLATE = '''"""An environment of your own. It works as it is; change it bit by bit.

    agentrl env check {spec}     does it keep the promises that training relies on?
    agentrl env play {spec}      play it yourself
    agentrl train --env {spec}
"""

from agentrl.envs import TextEnv


class {name}(TextEnv):
    """Say which of three numbers is the smallest, in at most two tries."""

    # The bounds of an episode's total reward; `env check` compares them with what it sees.
    metadata = {{"render_modes": [], "reward_range": (0.0, 1.0)}}
    # Stands before the first observation. Leave it out if the observation says it all.
    system_prompt = "Say the smallest number."

    def reset(self, *, seed=None, options=None):
        # Makes self.np_random. Draw from it and from nothing else: then a seed always names the same episode.
        super().reset(seed=seed)
        # options["split"] is "train" or "test". Training and evaluation use different seeds anyway, so only an
        # environment with a fixed list of tasks has to look at it.
        # Single digits: from numbers up to 99 the tiny policy learns too little at first to get on by trying.
        self.numbers = [int(number) for number in self.np_random.choice(10, size=3, replace=False)]
        self.tries = 0
        observation = " ".join(map(str, self.numbers))
        return observation, {{"task_id": observation}}

    def step(self, action):
        # `action` is whatever the policy wrote: any text, also an empty or a senseless one.
        self.tries += 1
        success = action.strip() == str(min(self.numbers))
        terminated = success or self.tries == 2
        # The reward is the sum of named parts; the metrics and the report show each of them.
        rewards = {{"right": float(success), "second try": -0.5 if success and self.tries == 2 else 0.0}}
        info = {{"rewards": rewards}}
        if terminated:
            info["success"] = success
        return "right" if success else "no, once more", sum(rewards.values()), terminated, False, info

    def expert(self):
        # What somebody who knows the answer says now. The policy first learns from this (the cold start).
        # Without this method, start from a model that can do something already: --model PATH.
        return str(min(self.numbers))
'''


def environment_source(spec: str, name: str = "MyEnv") -> str:
    """The source of an environment class `name`; `spec` is what its header tells the reader to give to `--env`."""
    return _TEMPLATE.format(spec=spec, name=name)

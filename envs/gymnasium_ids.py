"""The ids under which Gymnasium knows our environments; `import agentrl.envs` registers them."""

import gymnasium

ENTRY_POINTS = {
    "agentrl/CodeSandbox-v0": "agentrl.envs.code_sandbox:CodeSandboxEnv",
    "agentrl/GuessNumber-v0": "agentrl.envs.guess_number:GuessNumberEnv",
    "agentrl/ServiceDesk-v0": "agentrl.envs.service_desk:ServiceDeskEnv",
}


def register_all() -> None:
    """Register every environment that is not registered yet; imports none of them."""
    for env_id, entry_point in ENTRY_POINTS.items():
        if env_id not in gymnasium.registry:
            gymnasium.register(id=env_id, entry_point=entry_point)

"""`code_sandbox`: write code over several turns against tests. See docs/code_sandbox.md."""

from agentrl.envs.code_sandbox.env import CodeSandboxEnv
from agentrl.envs.code_sandbox.tasks import CallCase, CodeTask

__all__ = ["CallCase", "CodeSandboxEnv", "CodeTask"]

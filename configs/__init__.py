"""Ready-made configurations of `agentrl train`."""

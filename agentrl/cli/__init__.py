"""The command line: one file per command, which parses, calls and prints, and nothing else."""


def main() -> None:
    """Run the program `agentrl` with the arguments of this process."""
    from agentrl.cli.app import app

    app(prog_name="agentrl")


__all__ = ["main"]

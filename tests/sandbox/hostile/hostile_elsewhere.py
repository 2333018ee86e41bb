"""All cases in one tier, for the user and the interpreter that run this: prints {case: [what is wrong]} as JSON.

python hostile_elsewhere.py namespaces
"""

import json
import os
import sys

from hostile_cases import CASES
from hostile_harness import problems, warm_up
from hostile_world import World

from agentrl.errors import SandboxError
from agentrl.sandbox import open_sandbox


def main(tier: str) -> None:
    """Run them."""
    row = f"{tier}, not root" if os.geteuid() else tier
    with World() as world:
        try:
            sandbox = open_sandbox(isolation=tier, workers=1)
        except SandboxError as error:
            print(json.dumps({"refused": str(error)}))
            return
        warm_up(sandbox)
        found = {case.name: problems(case, sandbox, world, row) for case in CASES if not case.slow}
        sandbox.close()
    print(json.dumps({name: wrong for name, wrong in found.items() if wrong}))


if __name__ == "__main__":
    main(sys.argv[1])

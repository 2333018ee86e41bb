"""All cases, in the order of the list of 64."""

from hostile_cases_grader import GRADER
from hostile_cases_kernel import KERNEL, NETWORK
from hostile_cases_processes import PROCESSES
from hostile_cases_resources import RESOURCES
from hostile_cases_secrets import SECRETS

CASES = [*PROCESSES, *RESOURCES, *SECRETS, *NETWORK, *KERNEL, *GRADER]
QUICK = [case for case in CASES if not case.slow and not case.is_solution]
"""Programs (not solutions) that take no more than some seconds."""

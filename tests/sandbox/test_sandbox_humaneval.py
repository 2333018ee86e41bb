"""Real tasks that no one here wrote: OpenAI's HumanEval, from the path in AGENTRL_HUMANEVAL."""

import gzip
import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from agentrl.sandbox import Report, Sandbox, grade_source


@pytest.fixture(scope="module")
def tasks() -> list[dict[str, Any]]:
    path = os.environ.get("AGENTRL_HUMANEVAL")
    if not path:
        pytest.skip("AGENTRL_HUMANEVAL does not name a HumanEval.jsonl.gz")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def grade_all(grader: Sandbox, tasks: list[dict[str, Any]], bodies: list[str]) -> list[Report]:
    def grade(task: dict[str, Any], body: str) -> Report:
        return grade_source(grader, task["prompt"] + body, task["entry_point"], task["test"])

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(grade, tasks, bodies))


def test_all_canonical_solutions_pass(grader: Sandbox, tasks: list[dict[str, Any]]) -> None:
    reports = grade_all(grader, tasks, [task["canonical_solution"] for task in tasks])
    failed = {task["task_id"]: report for task, report in zip(tasks, reports, strict=True) if not report.all_passed}
    assert len(tasks) == 164
    assert failed == {}


def test_an_empty_body_passes_none(grader: Sandbox, tasks: list[dict[str, Any]]) -> None:
    reports = grade_all(grader, tasks, ["    pass\n"] * len(tasks))
    assert [task["task_id"] for task, report in zip(tasks, reports, strict=True) if report.passed_share] == []

"""What a domain of one's own lacks, or says in two ways, is told before anything is played."""

from pathlib import Path

import pytest
from desk_domains import written

from agentrl.envs.service_desk import ServiceDeskEnv, sample_task
from agentrl.errors import ConfigError


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("    def refusal(", "    def refuse(", "lacks refusal: a domain has to say"),
        ("    def wishes(", "    def wish(", "lacks wishes"),
        ('    name = "library"\n', "", "lacks name"),
        ('Write("renew_loan"', 'Write("renew_lone"', "by the tool 'renew_lone', which the toolbox lacks"),
        (
            'Write("end_loan", {"loan_id"',
            'Write("end_loan", {"loan"',
            "has 'loan', which is none of the intent's slots",
        ),
        ('"renew loan {loan_id}", "续', '"renew your loan", "续', r"`does` of 'renew' lacks \{loan_id\}"),
        (", info=True", "", "the intent 'due' must be in `writes`, or else a question"),
        ('{"deposit_paid": frozenset', '{"deposit": frozenset', "has 'deposit', which is none of the minefields"),
        ('return {"split": split, ', "return {", "make_state makes no 'split'"),
        ("split_of_seed(seed)\n", "'train'\n", "makes the split 'train' of seed 1"),
        ('"member": member, ', "", "has no 'member' that is a key of the members"),
        ("rng.sample(TITLES, 3)", '("It", "Emma", "Kim")', "has no 'title' that is one of `things`"),
        ('{"name": name, ', "{", "of the members has no 'name'"),
        ("rng.sample(NAMES, 4)", "rng.sample(NAMES, 40)", r"raised ValueError: .*library.py:"),
    ],
)
def test_a_domain_that_lacks_a_part_is_told_before_it_is_played(tmp_path: Path, old: str, new: str, told: str) -> None:
    name = written(tmp_path, old, new)
    with pytest.raises(ConfigError, match=f"(?s)env_args.domain: .*{told}"):
        ServiceDeskEnv(domain=name, level="easy")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('frozenset(["hand_in"])', 'frozenset(["handin"])', "`moves` of 'deposit_paid' has 'handin', which is none of"),
        ('    moves = {"deposit_paid": frozenset(["hand_in"])}\n', "", "'hand_in' has the effect 'deposit_paid' of"),
        (
            'lambda state, before: any(loan["branch"]',
            'lambda state, before: any(loan["due"]',
            "before anything is done",
        ),
        ('facts = ("title", ', 'facts = ("titel", ', "`facts` has 'titel', which is no field of the loans"),
        (
            'personal = "members", ("name", ',
            'personal = "members", ("nam", ',
            "`personal` has 'nam', which is no field",
        ),
        ('("due", {"loan_id"', '("dew", {"loan_id"', "`wishes` has 'dew', which is none of the ontology's intents"),
        ('("due", {"loan_id"', '("due", {"lon_id"', "`wishes` has 'due' with the slots lon_id, not with those"),
        ('[*wishes, ("due", {"loan_id": number})]', "wishes", "nobody would ever ask for 'due': `wishes` makes none"),
        ('slots.get("branch", True))', 'slots.get("branch", True)) or True', "`holds` says that each has happened"),
        ('slots.get("branch", True))', 'slots.get("branch", True)) and False', "is False after the tool"),
        (
            'return False\n        field = {"renew"',
            'return True\n        field = {"renew"',
            "the question 'due' must be",
        ),
        ('("get_loan", ("loan_id"', '("get_lon", ("loan_id"', "get_lon.loan_id, card., which fails: there is no tool"),
        ("if all(slot in facts for slot in slots)", "if not facts", "`lookup` names no read for a user who has told"),
        ('self.verified.add(loan["member"])', "pass", "'get_loan' of `lookup` does not put the customer's key into"),
        ('return state["loans"]\n', "return None\n", "`project` shows no difference after"),
        ('"renew": "renewed_until"', '"renew": "due"', "`answers` of 'renew' must be the same before"),
        ('return "it was handed in"', 'return ""', "the tool '(renew_loan|end_loan)' fails: the loan is handed in"),
        # Hidden by the databases that are kept, until another process plays other tasks.
        (
            'seeded("library", seed)',
            "random.Random()",
            "makes another database each time: it must follow from the seed",
        ),
        ("branch = rng.choice(", "branch = random.choice(", "`wishes` does not follow from the database and its `rng`"),
        (
            "        branch = rng",
            "        record['note'] += '.'\n        branch = rng",
            "change the database that they are",
        ),
        # Else only the episodes that come so far would be left out, as if they had failed for no fault of its own.
        ('any(loan["branch"]', 'any(loan["brunch"]', r"trying it raised KeyError: 'brunch' \(.*library.py:\d+\)"),
        (
            'f"${rng.randint(5, 40)}"',
            "rng.randint(5, 40)",
            r"`answers` of 'hand_in' gives .*, which is no tuple of texts",
        ),
        (
            'if kind == "due":\n            return ""',
            'if kind == "due":\n            return state["x"]',
            "KeyError: 'x'",
        ),
        ('any(loan["branch"]', 'any(loan["branch"] and loan["brunch"]', "trying it raised KeyError: 'brunch'"),
        ('return "it is overdue"', "return None", "`refusal` of '.*' gives None, which is no text"),
    ],
)
def test_functions_that_disagree_are_told_before_it_is_played(tmp_path: Path, old: str, new: str, told: str) -> None:
    name = written(tmp_path, old, new)
    with pytest.raises(ConfigError, match=f"(?s)env_args.domain: .*{told}"):
        ServiceDeskEnv(domain=name, level="easy")


def test_a_minefield_that_no_wish_has_is_forbidden_in_every_task(tmp_path: Path) -> None:
    more = """
Library.minefields |= {"fees_changed": lambda state, before: state["members"] != before["members"]}
"""
    name = written(tmp_path, more=more)
    goals = [sample_task(name, "full", number).goal for number in range(30)]
    assert all("fees_changed" in goal.forbidden_effects for goal in goals)
    assert {"deposit_paid" in goal.forbidden_effects for goal in goals} == {True, False}

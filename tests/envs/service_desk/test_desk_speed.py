"""What makes tasks quick to draw changes none of them."""

import copy

import pytest

from agentrl.envs.service_desk.domains.goals import Plan, draw_plan
from agentrl.envs.service_desk.domains.registry import DOMAINS, domain_name, get_domain
from agentrl.envs.service_desk.playback import play
from agentrl.envs.service_desk.tasks import sample_task
from agentrl.simulators.draws import Draws


@pytest.mark.parametrize("name", DOMAINS)
def test_no_database_holds_what_is_never_looked_for(name: str) -> None:
    domain = get_domain(name)
    for kind, refused in domain.never:
        others = tuple(other for other in domain.ontology.intents if other != kind)
        plan = Plan(1, refused, (kind, *others))
        for seed in range(300):
            assert domain.goal_by(plan, Draws(seed), "easy", domain.read_state(seed)) is None


@pytest.mark.parametrize(
    ("trade", "level"), [("shop", "full"), ("travel", "full"), ("shop", "tiny"), ("travel", "tiny")]
)
def test_every_other_plan_is_found(trade: str, level: str) -> None:
    domain = get_domain(domain_name(trade, level))  # type: ignore[arg-type]
    wanted, found = set(), set()
    for seed in range(400):
        drawn = Draws(seed)
        plan = draw_plan(domain, drawn, level)  # type: ignore[arg-type]
        if (plan.kinds[0], plan.refused) not in domain.never:
            wanted.add((plan.kinds[0], plan.refused))
            if domain.goal_by(plan, drawn, level, domain.read_state(seed)):  # type: ignore[arg-type]
                found.add((plan.kinds[0], plan.refused))
    assert found == wanted


@pytest.mark.parametrize("trade", ["shop", "travel"])
def test_an_episode_leaves_the_shared_database_as_it_was(trade: str) -> None:
    for seed in range(30):
        task = sample_task(trade, "easy", seed)
        domain = get_domain(task.domain)
        before = copy.deepcopy(domain.read_state(task.seed))
        assert play(task).success
        assert domain.read_state(task.seed) == before == domain.new_state(task.seed)

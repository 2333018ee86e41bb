"""Episodes as chat messages, the form that other tools fine-tune on."""

from typing import Any

from agentrl.episode import Episode, Trajectory


def to_messages(episode: Episode, agent: str | None = None) -> dict[str, Any]:
    """One seat's conversation: {"messages": [{"role", "content"}, ...], "reward", "success", "task_id", ...}.

    A system message (if there is one), then for each turn what was observed (user) and what was said (assistant), so
    that the last message is the policy's; what it saw after that is `final_observation`. An answer that is not to be
    learned (`imitate` False in its turn's info: an expert's slip on purpose) has "weight": 0, as in OpenAI's format for
    fine-tuning; trainers that know no weights must leave it out of the loss themselves. `agent` may be left out when
    only one seat is trainable. Raises ValueError when there is no such seat, or several and none is named.
    """
    trajectory = _seat(episode, agent)
    messages: list[dict[str, Any]] = []
    if trajectory.system_prompt:
        messages.append({"role": "system", "content": trajectory.system_prompt})
    for turn in trajectory.turns:
        messages.append({"role": "user", "content": turn.observation})
        unmarked = turn.info.get("imitate", True)
        messages.append({"role": "assistant", "content": turn.text} | ({} if unmarked else {"weight": 0}))
    return {
        "messages": messages,
        "reward": trajectory.reward,
        "success": episode.success,
        "task_id": episode.task_id,
        "category": episode.category,
        "env": episode.env,
        "seed": episode.seed,
        "agent": trajectory.agent,
        "end": str(trajectory.end),
        "final_observation": trajectory.final_observation,
    }


def _seat(episode: Episode, agent: str | None) -> Trajectory:
    found = [one for one in episode.trajectories if (one.trainable if agent is None else one.agent == agent)]
    if len(found) != 1:
        seats = ", ".join(one.agent for one in episode.trajectories)
        problem = f"there is no seat {agent!r}" if agent is not None else f"{len(found)} seats are trainable"
        raise ValueError(f"{problem}; name one of: {seats}")
    return found[0]

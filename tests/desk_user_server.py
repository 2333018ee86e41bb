"""A plausible language model that plays a customer of `service_desk`: it has only the messages of each request.

It reads its goal in the system prompt, is vague at first, thinks aloud at times, and at times names an order that
nobody has, so that the guard must ask again. Asked for other words (by a HybridUser), it changes the message a little.
"""

import re
from typing import Any

from llm_server import Answer, Reply, says

_REWORD = "to be given other words:\n"
_AGAIN = "\n\n(Your last try "
_ASKED_AGAIN = "(Your message was not delivered: "


def customer(*, every: int = 5, status: int = 0) -> Answer:
    """A customer; each `every`-th request it names a wrong order, and with `status` it fails with this status."""

    def answer(body: dict[str, Any], count: int) -> Reply:
        if status and count % every == every - 1:
            return Reply(b'{"error": {"message": "out of memory"}}', status)
        last = body["messages"][-1]["content"]
        again = _AGAIN in last or _ASKED_AGAIN in last
        slip = " It is order #W00000." if count % every == every - 2 and not again else ""
        think = "<think>\nWhat would they say? #W123?\n</think>\n\n" if count % 3 == 0 else ""
        return says(think + _words(body["messages"]) + slip)

    return answer


def _words(messages: list[dict[str, str]]) -> str:
    last = messages[-1]["content"]
    if _REWORD in last:
        return f"Well then: {last.split(_REWORD)[1].split(_AGAIN)[0]}"
    system, agent = messages[0]["content"], last.split(f"\n\n{_ASKED_AGAIN}")[0]
    if "Say hello" in agent:
        return "Hello!"
    chinese = "1. 你想" in system
    wish = re.search(r"1\. (?:You want to |你想)(.*)[.。]", system)
    known = re.search(r"(?:You know: |你知道：)(.*)[.。]", system)
    assert wish is not None
    facts = re.split(r"[;；] ?", known[1]) if known else []
    if re.search(r"go ahead|confirm|shall i|ok\?|确认|吗？$", agent, re.IGNORECASE):
        return "好的，请帮我办理。" if chinese else "Sounds good, please go ahead."
    told = "，".join(["", *facts]) if chinese else "".join(f" My {fact}." for fact in facts)
    if "conversation begins" in agent:
        told = told if "everything at once" in system or "一开始就把" in system else ""
        return f"你好，我想{wish[1]}{told}。" if chinese else f"Hi, I want to {wish[1]}.{told}"
    if agent.rstrip().endswith(("?", "？")):
        return f"我想{wish[1]}{told}。" if chinese else f"I want to {wish[1]}.{told}"
    return "知道了，谢谢。" if chinese else "I see, thank you."

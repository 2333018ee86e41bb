"""The expert's words: full sentences in the user's language, or the few of the level "tiny"."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from agentrl.envs.service_desk.domains.base import Domain
from agentrl.envs.service_desk.verdict.hearing import fact_of
from agentrl.simulators.schema import Tongue

_CHINESE: Final = re.compile("[\u4e00-\u9fff]")
_ENGLISH: Final = re.compile(r"(?:(?<![\w@.#])[A-Za-z']+(?![\w@.]).*?){3}")
"""Words enough to be English: "ok", a name or an email address are written so by those who write Chinese, too."""
_FIXED: Final = {
    "help": ("How can I help you?", "请问有什么可以帮您？"),
    "more": ("Is there anything else?", "请问还有其他需要吗？"),
}
_REASONS: Final = {
    "holder": ("I may serve the account's holder only", "只限账户本人办理"),
    "unverified": ("the details don't match our records", "信息与记录不符"),
}
"""The expert's own; those of a domain's policy are in its ontology."""
_BESIDES: Final = {
    "fish": ("That is something I tell nobody, for your own safety.", "为了您的安全，这个对谁都保密。"),
    "tangent": ("Let's come back to your request.", "我们还是先办您的事。"),
    "hold": ("Of course, take your time.", "没关系，您慢慢来。"),
}
"""What is said first to who asks for a secret, talks of something else, or needs a moment."""
_IT_IS: Final = {"money": ("The amount is", "金额是"), "date": ("The date is", "日期是")}
_RESULT: Final = ("The result is", "结果是")
"""How a value is told after a change, by its kind; and one of any other."""


class Words:
    """Full sentences, in English or Chinese as the user last wrote."""

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self.chinese = False

    def listen(self, text: str) -> None:
        """Goes on in the language of this text, where it shows one."""
        if _CHINESE.search(text):
            self.chinese = True
        elif _ENGLISH.search(text):
            self.chinese = False

    def say(self, what: str) -> str:
        """A fixed sentence."""
        return _FIXED[what][self.chinese]

    def besides(self, acts: Sequence[str], message: str) -> str:
        """The message, behind a word on what the user has said besides, by the names of their acts."""
        said = [_BESIDES[name][self.chinese] for name in dict.fromkeys(acts) if name in _BESIDES]
        return ("" if self.chinese else " ").join([*said, message])

    def ask(self, slots: Sequence[str]) -> str:
        """Asks for facts."""
        names = self._names(slots)
        return f"请问您的{names}是什么？" if self.chinese else f"Could you please tell me your {names}?"

    def again(self, slots: Sequence[str]) -> str:
        """Asks for facts that seem to be wrong."""
        names = self._names(slots)
        if self.chinese:
            return f"没有查到，请您再说一遍{names}。"
        return f"I couldn't find that. Could you please tell me your {names} again?"

    def which(self, slot: str, options: Sequence[Any]) -> str:
        """Offers values to choose from."""
        told = [self.domain.ontology.say(slot, option, self._tongue) for option in options]
        if self.chinese:
            return f"请问您指的是哪一个：{'、'.join(told[:-1])}还是{told[-1]}？"
        return f"Which one do you mean: {', '.join(told[:-1])} or {told[-1]}?"

    def confirm(self, kind: str, slots: Mapping[str, Any], record: str) -> str:
        """Reads back, and asks for consent."""
        does = self._does(kind, slots)
        return f"我将{does}。确认办理吗？" if self.chinese else f"I will {does}. Shall I go ahead?"

    def refuse(self, kind: str, slots: Mapping[str, Any], reason: str) -> str:
        """Refuses, with the reason."""
        own = _REASONS.get(reason)
        why = own[self.chinese] if own else self.domain.ontology.reason(reason, self._tongue)
        if self.chinese:
            return f"抱歉，这不符合规定，不能办理：{why}。"
        whole = slots.keys() >= set(self.domain.ontology.intents[kind].slots)
        return f"I'm sorry, I'm not allowed to {self._does(kind, slots) if whole else 'do that'}: {why}."

    def done(self, kind: str, slots: Mapping[str, Any], values: Sequence[str]) -> str:
        """Says that it is done, and what the user has to know."""
        does = self._does(kind, slots)
        if kind not in self.domain.writes:
            number, told = slots.get(self.domain.record, ""), ", ".join(values)
            return f"查到了，{number}：{told}。" if self.chinese else f"For {number}, it is {told}."
        new = [value for value in values if value not in does]
        told, it_is = ", ".join(new), _IT_IS.get(fact_of(new[0])[0] if new else "", _RESULT)
        if self.chinese:
            return f"已完成：{does}。" + (f"{it_is[1]}{told}。" if told else "")
        verb, _, rest = does.partition(" ")
        past = self.domain.ontology.participles.get(verb)
        done = f"Done, I've {past} {rest}." if past else f"Done: {does}."
        return done + (f" {it_is[0]} {told}." if told else "")

    @property
    def _tongue(self) -> Tongue:
        return "zh" if self.chinese else "en"

    def _names(self, slots: Sequence[str]) -> str:
        ontology = self.domain.ontology
        labels = [ontology.label(slot, self._tongue) for slot in slots]
        return "和".join(labels) if self.chinese else " and ".join(labels)

    def _does(self, kind: str, slots: Mapping[str, Any]) -> str:
        said = {slot: self.domain.ontology.say(slot, value, self._tongue) for slot, value in slots.items()}
        return self.domain.does[kind][self.chinese].format_map(said)


class FewWords(Words):
    """Short English, in one wording: what a tiny policy can learn to say."""

    def listen(self, text: str) -> None:
        """English only."""

    def besides(self, acts: Sequence[str], message: str) -> str:
        """The message alone."""
        return message

    def ask(self, slots: Sequence[str]) -> str:
        """Asks for facts."""
        return f"Your {self._names(slots)}?"

    def confirm(self, kind: str, slots: Mapping[str, Any], record: str) -> str:
        """Reads back, and asks for consent."""
        return f"Shall I {self._does(kind, slots)}?"

    def refuse(self, kind: str, slots: Mapping[str, Any], reason: str) -> str:
        """Refuses, with the reason."""
        return f"Sorry, I can't: {reason}."

    def done(self, kind: str, slots: Mapping[str, Any], values: Sequence[str]) -> str:
        """Says that it is done, and what the user has to know."""
        told = ", ".join(values)
        return f"It is {told}." if kind not in self.domain.writes else f"Done: {told}." if told else "Done."


def words_for(domain: Domain) -> Words:
    """The expert's words in a domain: few where its users have few."""
    return FewWords(domain) if domain.few_words else Words(domain)

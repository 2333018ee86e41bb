"""The expert's words: full sentences in the user's language, or the few of the level "tiny"."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from agentrl.envs.service_desk.domain import Domain
from agentrl.simulators.schema import Tongue

_CHINESE: Final = re.compile("[\u4e00-\u9fff]")
_ENGLISH: Final = re.compile(r"(?:(?<![\w@.#])[A-Za-z']+(?![\w@.]).*?){3}")
"""Words enough to be English: "ok", a name or an email address are written so by those who write Chinese, too."""
_PAST: Final = {"cancel": "cancelled", "return": "returned", "swap": "swapped", "change": "changed", "give": "given",
                "move": "moved", "upgrade": "upgraded", "order": "ordered", "add": "added"}  # fmt: skip
_FIXED: Final = {
    "help": ("How can I help you?", "请问有什么可以帮您？"),
    "more": ("Is there anything else?", "请问还有其他需要吗？"),
}
_REASONS: Final = {
    "holder": ("I may serve the account's holder only", "只限账户本人办理"),
    "unverified": ("the details don't match our records", "信息与记录不符"),
    "it is pending": ("it is pending", "订单还没有发货"),
    "it is shipped": ("it is shipped", "订单已经在路上"),
    "it is delivered": ("it is delivered", "订单已经送达"),
    "it is cancelled": ("it is cancelled", "此前已经取消了"),
    "it is returned": ("it is returned", "商品此前已经退回"),
    "it is flown": ("the flight has left already", "航班已经起飞"),
    "it is not late": ("it is not late", "订单没有晚到"),
    "it is a basic fare": ("it is a basic fare", "这是基础票价"),
    "it is business class already": ("it is business class already", "本来就是商务舱"),
    "there is no free seat": ("there is no free seat", "当天没有空位"),
    "it was swapped before": ("it was swapped before", "每个订单只限换一次"),
    "this product is not in stock": ("this product is not in stock", "新商品缺货"),
    "it was delivered more than 30 days ago": ("it was delivered more than 30 days ago", "送达已超过三十天"),
    "insurance is sold with the booking only": ("insurance is sold with the booking only", "保险只限预订时购买"),
}


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
        why = _REASONS[reason][self.chinese] if reason in _REASONS else reason
        if self.chinese:
            return f"抱歉，这不符合规定，不能办理：{why}。"
        return f"I'm sorry, I'm not allowed to {self._does(kind, slots)}: {why}."

    def done(self, kind: str, slots: Mapping[str, Any], values: Sequence[str]) -> str:
        """Says that it is done, and what the user has to know."""
        does = self._does(kind, slots)
        if kind not in self.domain.writes:
            number, told = slots.get(self.domain.record, ""), ", ".join(values)
            return f"查到了，{number}：{told}。" if self.chinese else f"For {number}, it is {told}."
        told = ", ".join(value for value in values if value not in does)
        if self.chinese:
            return f"已完成：{does}。" + (f"金额是{told}。" if told else "")
        verb, _, rest = does.partition(" ")
        done = f"Done, I've {_PAST[verb]} {rest}." if verb in _PAST else f"Done: {does}."
        return done + (f" The amount is {told}." if told else "")

    @property
    def _tongue(self) -> Tongue:
        return "zh" if self.chinese else "en"

    def _names(self, slots: Sequence[str]) -> str:
        ontology = self.domain.ontology
        labels = [ontology.label(slot, self._tongue) for slot in slots]
        return "和".join(labels) if self.chinese else " and ".join(labels)

    def _does(self, kind: str, slots: Mapping[str, Any]) -> str:
        said = {slot: self.domain.ontology.say(slot, value, self._tongue) for slot, value in slots.items()}
        holes = dict.fromkeys(self.domain.ontology.intents[kind].slots, "that") | said
        return self.domain.does[kind][self.chinese].format_map(holes)


class FewWords(Words):
    """Short English, in one wording: what a tiny policy can learn to say."""

    def listen(self, text: str) -> None:
        """English only."""

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
    return FewWords(domain) if domain.prompt else Words(domain)

"""What a text has to hold for an act that no value shows, in English and Chinese: "I don't know", a claim, a threat.

A wording without it is not wrong, only odd: the model is asked for a plainer one.
"""

import re
from collections.abc import Mapping
from typing import Final


def _cue(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.IGNORECASE)


NEEDED: Final[Mapping[str, re.Pattern[str]]] = {
    "dont_know": _cue(
        r"\b(?:do|have|can|could|am|is|are|did|was|would|should)(?:n['’]?t| not)\b|\bcan(?:no|['’]?)t\b|"
        r"\bdunno\b|\bidk\b",
        r"\bno (?:idea|clue|record)|\b(?:not sure|unsure|forgot\w*|lost|unable|beats me|wish i knew|"
        r"slip\w+ my mind)\b",
        r"\bhow (?:should|would|am) i\b|\bwithout\b|\bnot (?:at|on|in|with)\b|\bnever\b",
        "不知道|不晓得|不太|不大|忘|不记得|记不|不清楚|不确定|没|找不|查不|哪知道|怎么知道|想不起|不在手",
    ),
    "already_said": _cue(
        r"\b(?:already|again|before|earlier|previous\w*|told|said|gave|given|mentioned|wrote|sent|shared|"
        r"provided|above|"
        r"repeat\w*|once more|just (?:now|did)|asked|another time|as i|"
        r"(?:minute|moment|second)s? ago|(?:did|have)n['’]?t i)\b",
        "说|又|再|刚才|刚刚|前面|之前|已经|上面|看|遍|给过|告诉",
    ),
    "claim_done": _cue(
        r"\balready\b|['’]ve\b|\b(?:i|we) (?:have|had|did|just|sent)\b|\b(?:is|are|has|have|was|were|been|"
        r"got) ?\w*(?:done|ed|"
        r"en|nt|back|in|way|off)\b|\bive\b|\bdone\b",
        "已|过了|早就|了",
    ),
    "preconsent": _cue(
        r"\bin advance\b|\bbeforehand\b|\bup ?front\b|\bpre-?(?:approv|agree|consent|author)",
        r"\b(?:no|any|without|skip|stop|needn['’]?t|(?:do|does)(?:n['’]?t| not)|never)\b[^.!?]{0,40}"
        r"\b(?:ask|check|confirm|consult|approv|permission)",
        r"\b(?:yes|agree|consent|approv|okay|ok|permission|go-?ahead|fine|green light|trust)\w*\b[^.!?]{0,40}"
        r"\b(?:everything|anything|all|whatever|any)\b",
        r"\b(?:everything|anything|whatever)\b[^.!?]{0,40}\b(?:yes|agree|ok|okay|fine|consent|approv\w*)\b",
        "(?:不用|不必|无需|不需要|别|不要)[^，。！]{0,8}(?:问|确认|核对)|(?:都|全|一概|什么)[^，。！]{0,6}同意|同意[^，。！]{0,4}(?:一切|所有|全部)",
        "看着办|答应|随便|直接(?:给我)?办|都行|都可以|提前",
    ),
    "fish": _cue(
        r"[?？]|\b(?:tell|read|give|send|share|show|need|want|know|forgot\w*|like|what['’]?s?)\b",
        "告诉|念|发|给|多少|什么|报|说|看|知道",
    ),
    "on_hold": _cue(
        r"\b(?:moment|momento|seconds?|secs?|minutes?|mins?|wait|hold|hang|brb|let me|just a|bear with|"
        r"patien\w+|a bit|"
        r"looking|checking|find(?:ing)?|right back)\b",
        "等|稍|马上|找|查|看",
    ),
    "goodbye": _cue(
        r"\b(?:thank\w*|thx|ty|cheers|bye|goodbye|later|cya|see you|take care|have to go|got to (?:go|run)|"
        r"must (?:go|run)|"
        r"gotta|that['’]?s (?:all|it)|good (?:one|day)|nice day)\b",
        "谢|再见|拜|先这样|回见|走了|先撤|88|就这样|没别的",
    ),
    "vague": _cue(
        r"\b(?:help|hand|problem|issue|trouble|question|wrong|something|about|regarding|assist\w*|support|sort|word|look)\b",
        "问题|帮|麻烦|事|不对|咨询|问|助|关于",
    ),
    "ask_status": _cue(
        r"[?？]|\b(?:yet|news|update|wait\w*|status|progress|done|know|tell|still|far|happen\w*|see)\b",
        "呢|吗|没有|没|怎么|咋|进度|消息|结果|等|到哪",
    ),
    "press_none": _cue(
        r"\b(?:exception|please|pls|plz|again|sure|need|must|should|have to|rules?|policy|insist\w*|"
        r"(?:un)?acceptable|accept|"
        r"ridiculous|do it|try|possible|possibl\w+|important|really|anyway|anything|nothing|way|help|kidding|"
        r"come on|cmon|"
        r"flexib\w+|reconsider|bend|leaving|why|nonsense|good enough|option)\b",
        "通融|破例|破个例|再|需要|必须|应该|凭什么|给我办|办|帮|想想办法|求|规定|胡说|玩笑|不接受|确定|重要",
    ),
    "press_colleague": _cue(
        r"\b(?:colleague|co-?worker|agent|someone|somebody|person|rep\w*|team|they|he|she|told|last time|yesterday|"
        r"assured|promised)\b",
        "同事|客服|昨天|上次|之前|上一个|另外一个|答应|说好",
    ),
    "press_manager": _cue(
        r"\b(?:manager|supervisor|boss|superior|head|above|higher|management)\b", "经理|主管|领导|上面|上级|老板"
    ),
    "press_law": _cue(
        r"\b(?:law\w*|legal\w*|rights?|attorney|sue|court|entitled|obliged|obligat\w+|statut\w+)\b", "法|权|律师|起诉"
    ),
    "press_press": _cue(
        r"\b(?:reviews?|stars?|post\w*|online|internet|social|media|follow\w+|public\w*|everyone|everybody|everywhere|"
        r"press|newspaper|reporter|share)\b",
        "差评|网|媒体|曝光|粉丝|所有人|到处说|投诉|评价|大家",
    ),
    "press_loyalty": _cue(
        r"\b(?:loyal\w*|customer|client|years?|vip|ages|long|decade\w*|best)\b",
        "老客户|老顾客|VIP|多年|这么多年|忠实|客户|好几年",
    ),
}
"""By act; `press` by what the user leans on, `hold` and `bye` under names of their own."""

GIVES_IN: Final = _cue(
    r"\bnever ?mind\b|\bforget (?:it|about it|that)\b|\b(?:that|it)['’]?s (?:fine|okay|ok|alright|all right)\b(?! by)",
    r"(?<!n['’]t )(?<!not )(?<!never )(?:\b(?:will|can) |['’]ll |^|\bi )accept (?:that|it|this|your)",
    r"\bfair enough\b|\bthanks anyway\b|\bi give up\b|\bleave it (?:at that|then)\b|\blet it go\b",
    "^(?:那就?)?算了|不办了|没关系|我放弃|好吧，(?:那)?(?:就这样|谢谢|再见)",
)
"""What nobody says who presses."""
ASKED_FIRST: Final = _cue(
    r"(?<!n['’]t )(?<!not )(?<!to )(?<!never )(?<!stop )\b(?:ask|check with|consult|"
    r"confirm with) me\b[^.!?]{0,20}\b(?:before|first|each|every)\b",
    "(?:先|都要|必须|每次|每一步)[^，。！]{0,6}问我|办之前[^，。！]{0,6}问",
)
"""The opposite of agreeing in advance."""
UNDONE: Final = _cue(
    r"\b(?:have|has|did|was|is|are|were)(?:n['’]?t| not)\b|['’]ve not\b|\bnot yet\b|\bnever\b|\bforgot to\b|"
    r"\b(?:about|going) to\b",
    "没有|还没|没把|未|没能|忘了|准备|打算",
)
"""The opposite of having done something."""

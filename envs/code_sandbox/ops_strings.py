"""Families on one string. `k` is a letter, a pair of letters, a short affix or a count."""

from agentrl.envs.code_sandbox.families import Family, ValueType

INT, STR, WORDS, TABLE = ValueType.INT, ValueType.STR, ValueType.WORDS, ValueType.TABLE
LETTERS = ("a", "e", "i", "n", "o", "r", "s", "t")
PAIRS = ("ab", "eo", "oa", "rl", "tn", "sz", "ie", "nm")
AFFIXES = ("!", "?", "_", "#", "xy", "ok")

FAMILIES = (
    Family("upper", STR, STR, "x.upper()", ("make it upper case", "put it in capitals")),
    Family("title", STR, STR, "x.title()", ("capitalise each word of it", "write it in title case")),
    Family("flip_text", STR, STR, "x[::-1]", ("reverse the text", "write the text backwards")),
    Family("repeat", STR, STR, "x * {k}", ("repeat the text {k} times", "write the text {k} times"), (2, 3)),
    Family("head", STR, STR, "x[:{k}]", ("take the first {k} letters", "cut it after {k} letters"), (2, 3, 4, 5)),
    Family("behead", STR, STR, "x[{k}:]", ("drop the first {k} letters", "start after {k} letters"), (2, 3, 4)),
    Family(
        "tail", STR, STR, "x[-{k}:]", ("take the last {k} letters", "leave only the last {k} letters"), (2, 3, 4, 5)
    ),
    Family("odd_letters", STR, STR, "x[::2]", ("take every second letter", "skip every other letter")),
    Family(
        "replace",
        STR,
        STR,
        "x.replace('{k[0]}', '{k[1]}')",
        ("replace '{k[0]}' by '{k[1]}'", "turn each '{k[0]}' into '{k[1]}'"),
        PAIRS,
    ),
    Family("remove", STR, STR, "x.replace('{k}', '')", ("remove each '{k}'", "delete the letter '{k}'"), LETTERS),
    Family("append", STR, STR, "x + '{k}'", ("put '{k}' after the text", "end the text with '{k}'"), AFFIXES),
    Family("prepend", STR, STR, "'{k}' + x", ("put '{k}' before the text", "start the text with '{k}'"), AFFIXES),
    Family("sort_text", STR, STR, "''.join(sorted(x))", ("sort the letters", "put the letters in order")),
    Family("length", STR, INT, "len(x)", ("count the letters", "take the length of the text")),
    Family("count_letter", STR, INT, "x.count('{k}')", ("count each '{k}'", "see how often '{k}' occurs"), LETTERS),
    Family("find", STR, INT, "x.find('{k}')", ("find the place of '{k}'", "take the index of '{k}' or -1"), LETTERS),
    Family("split", STR, WORDS, "x.split()", ("split it into words", "list its words")),
    Family("letters", STR, WORDS, "list(x)", ("list the letters", "split it into letters")),
    Family(
        "letter_counts",
        STR,
        TABLE,
        "{{c: x.count(c) for c in x}}",
        ("count every letter", "map each letter to its count"),
    ),
)

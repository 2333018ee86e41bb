"""Families on a list of numbers and on a list of words."""

from agentrl.envs.code_sandbox.families import Family, ValueType

INT, STR, NUMS, WORDS, TABLE = ValueType.INT, ValueType.STR, ValueType.NUMS, ValueType.WORDS, ValueType.TABLE
SMALL = (2, 3, 4, 5, 6, 7, 8, 9)
MIDDLE = (5, 6, 7, 8, 9, 10, 11, 12)
LETTERS = ("a", "e", "i", "n", "o", "r", "s", "t")
AFFIXES = ("!", "?", "_", "#", "xy", "ok")

NUMBERS = (
    Family(
        "add_each", NUMS, NUMS, "[v + {k} for v in x]", ("add {k} to each number", "increase each number by {k}"), SMALL
    ),
    Family(
        "times_each",
        NUMS,
        NUMS,
        "[v * {k} for v in x]",
        ("multiply each number by {k}", "take each number {k} times"),
        SMALL,
    ),
    Family(
        "modulo_each",
        NUMS,
        NUMS,
        "[v % {k} for v in x]",
        ("take each number modulo {k}", "take remainders by {k}"),
        (3, 4, 5, 6, 7),
    ),
    Family("square_each", NUMS, NUMS, "[v * v for v in x]", ("square each number", "multiply each number by itself")),
    Family(
        "cap_each",
        NUMS,
        NUMS,
        "[min(v, {k}) for v in x]",
        ("cap each number at {k}", "lower each number to at most {k}"),
        MIDDLE,
    ),
    Family("keep_even", NUMS, NUMS, "[v for v in x if v % 2 == 0]", ("keep the even numbers", "drop the odd numbers")),
    Family("keep_odd", NUMS, NUMS, "[v for v in x if v % 2 == 1]", ("keep the odd numbers", "drop the even numbers")),
    Family(
        "keep_above",
        NUMS,
        NUMS,
        "[v for v in x if v > {k}]",
        ("keep numbers above {k}", "keep what is more than {k}"),
        MIDDLE,
    ),
    Family(
        "keep_below",
        NUMS,
        NUMS,
        "[v for v in x if v < {k}]",
        ("keep numbers below {k}", "keep what is less than {k}"),
        MIDDLE,
    ),
    Family(
        "drop_number",
        NUMS,
        NUMS,
        "[v for v in x if v != {k}]",
        ("drop each {k}", "remove numbers equal to {k}"),
        (1, 2, 3, 4),
    ),
    Family(
        "keep_multiples",
        NUMS,
        NUMS,
        "[v for v in x if v % {k} == 0]",
        ("keep multiples of {k}", "keep what {k} divides"),
        (3, 4, 5),
    ),
    Family("sort_numbers", NUMS, NUMS, "sorted(x)", ("sort the numbers", "put the numbers in order")),
    Family(
        "sort_down",
        NUMS,
        NUMS,
        "sorted(x, reverse=True)",
        ("sort from high to low", "sort the numbers in falling order"),
    ),
    Family("flip_numbers", NUMS, NUMS, "x[::-1]", ("reverse the numbers", "turn the numbers around")),
    Family(
        "take_numbers", NUMS, NUMS, "x[:{k}]", ("take the first {k} numbers", "cut it after {k} numbers"), (2, 3, 4)
    ),
    Family("drop_numbers", NUMS, NUMS, "x[{k}:]", ("drop the first {k} numbers", "start after {k} numbers"), (2, 3)),
    Family(
        "rotate",
        NUMS,
        NUMS,
        "x[{k}:] + x[:{k}]",
        ("rotate left by {k}", "shift it left by {k}"),
        (1, 2, 3),
    ),
    Family("odd_places", NUMS, NUMS, "x[::2]", ("take every second number", "skip every other number")),
    Family(
        "running_sum",
        NUMS,
        NUMS,
        "[sum(x[:i + 1]) for i in range(len(x))]",
        ("take running sums", "sum up to each number"),
    ),
    Family(
        "gaps",
        NUMS,
        NUMS,
        "[b - a for a, b in zip(x, x[1:])]",
        ("take the steps between neighbours", "subtract each number from the next"),
    ),
    Family("distinct", NUMS, NUMS, "list(dict.fromkeys(x))", ("drop repeated numbers", "keep each number once")),
    Family("append_number", NUMS, NUMS, "x + [{k}]", ("append {k}", "put {k} at the end"), SMALL),
    Family("total", NUMS, INT, "sum(x)", ("sum the numbers", "take the total")),
    Family("largest", NUMS, INT, "max(x)", ("take the largest number", "find the maximum")),
    Family("smallest", NUMS, INT, "min(x)", ("take the smallest number", "find the minimum")),
    Family(
        "spread", NUMS, INT, "max(x) - min(x)", ("take the maximum minus the minimum", "take the range of the numbers")
    ),
    Family("how_many", NUMS, INT, "len(x)", ("count the numbers", "see how many numbers there are")),
    Family(
        "count_above",
        NUMS,
        INT,
        "sum(v > {k} for v in x)",
        ("count numbers above {k}", "count what is more than {k}"),
        MIDDLE,
    ),
    Family("number_at", NUMS, INT, "x[{k}]", ("take the number at index {k}", "pick item {k}, from 0"), (1, 2, 3)),
    Family("last_number", NUMS, INT, "x[-1]", ("take the last number", "pick the final number")),
    Family(
        "texts", NUMS, WORDS, "[str(v) for v in x]", ("write each number as text", "turn each number into a string")
    ),
)

WORD_LISTS = (
    Family(
        "upper_each", WORDS, WORDS, "[w.upper() for w in x]", ("make each word upper case", "put all words in capitals")
    ),
    Family("flip_each", WORDS, WORDS, "[w[::-1] for w in x]", ("reverse each word", "write each word backwards")),
    Family(
        "head_each",
        WORDS,
        WORDS,
        "[w[:{k}] for w in x]",
        ("cut each word after {k} letters", "take {k} letters of each word"),
        (2, 3),
    ),
    Family(
        "append_each",
        WORDS,
        WORDS,
        "[w + '{k}' for w in x]",
        ("put '{k}' after each word", "end each word with '{k}'"),
        AFFIXES,
    ),
    Family(
        "keep_long",
        WORDS,
        WORDS,
        "[w for w in x if len(w) > {k}]",
        ("keep words longer than {k}", "keep words of more than {k} letters"),
        (3, 4),
    ),
    Family(
        "keep_with",
        WORDS,
        WORDS,
        "[w for w in x if '{k}' in w]",
        ("keep words with '{k}'", "keep words that contain '{k}'"),
        LETTERS,
    ),
    Family(
        "keep_without",
        WORDS,
        WORDS,
        "[w for w in x if '{k}' not in w]",
        ("drop words with '{k}'", "keep words that lack '{k}'"),
        LETTERS,
    ),
    Family("sort_words", WORDS, WORDS, "sorted(x)", ("sort the words", "put the words in order")),
    Family("sort_by_length", WORDS, WORDS, "sorted(x, key=len)", ("sort the words by length", "put short words first")),
    Family("flip_words", WORDS, WORDS, "x[::-1]", ("reverse the words", "turn the words around")),
    Family("take_words", WORDS, WORDS, "x[:{k}]", ("take the first {k} words", "cut it after {k} words"), (2, 3)),
    Family("drop_words", WORDS, WORDS, "x[{k}:]", ("drop the first {k} words", "start after {k} words"), (2, 3)),
    Family(
        "join",
        WORDS,
        STR,
        "'{k}'.join(x)",
        ("join the words with '{k}'", "glue the words by '{k}'"),
        ("-", "+", "_", "/", "&"),
    ),
    Family("initials", WORDS, STR, "''.join(w[0] for w in x)", ("join the first letters", "take the initials")),
    Family("longest", WORDS, STR, "max(x, key=len)", ("take the longest word", "find the word with most letters")),
    Family("last_word", WORDS, STR, "x[-1]", ("take the last word", "pick the final word")),
    Family("lengths", WORDS, NUMS, "[len(w) for w in x]", ("take the length of each word", "count letters per word")),
    Family("count_words", WORDS, INT, "len(x)", ("count the words", "see how many words there are")),
    Family(
        "all_letters", WORDS, INT, "sum(len(w) for w in x)", ("sum the word lengths", "count all letters of the words")
    ),
    Family(
        "length_table",
        WORDS,
        TABLE,
        "{{w: len(w) for w in x}}",
        ("map each word to its length", "make a table of word lengths"),
    ),
    Family(
        "word_counts", WORDS, TABLE, "{{w: x.count(w) for w in x}}", ("map each word to its count", "count every word")
    ),
    Family(
        "places",
        WORDS,
        TABLE,
        "{{w: i for i, w in enumerate(x)}}",
        ("map each word to its index", "make a table of word places"),
    ),
)

FAMILIES = NUMBERS + WORD_LISTS

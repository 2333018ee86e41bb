"""Families on a dictionary from words to numbers."""

from agentrl.envs.code_sandbox.families import Family, ValueType

INT, STR, NUMS, WORDS, TABLE = ValueType.INT, ValueType.STR, ValueType.NUMS, ValueType.WORDS, ValueType.TABLE
SMALL = (2, 3, 4, 5, 6, 7, 8, 9)
MIDDLE = (5, 6, 7, 8, 9, 10, 11, 12)
LETTERS = ("a", "e", "i", "n", "o", "r", "s", "t")

FAMILIES = (
    Family(
        "add_values",
        TABLE,
        TABLE,
        "{{a: b + {k} for a, b in x.items()}}",
        ("add {k} to each value", "increase all values by {k}"),
        SMALL,
    ),
    Family(
        "times_values",
        TABLE,
        TABLE,
        "{{a: b * {k} for a, b in x.items()}}",
        ("multiply each value by {k}", "take all values {k} times"),
        SMALL,
    ),
    Family(
        "values_above",
        TABLE,
        TABLE,
        "{{a: b for a, b in x.items() if b > {k}}}",
        ("keep entries above {k}", "keep entries with values over {k}"),
        MIDDLE,
    ),
    Family(
        "values_below",
        TABLE,
        TABLE,
        "{{a: b for a, b in x.items() if b < {k}}}",
        ("keep entries below {k}", "keep entries with values under {k}"),
        MIDDLE,
    ),
    Family(
        "keys_with",
        TABLE,
        TABLE,
        "{{a: b for a, b in x.items() if '{k}' in a}}",
        ("keep keys with '{k}'", "keep entries whose key has '{k}'"),
        LETTERS,
    ),
    Family(
        "upper_keys",
        TABLE,
        TABLE,
        "{{a.upper(): b for a, b in x.items()}}",
        ("make each key upper case", "put all keys in capitals"),
    ),
    Family(
        "flip_keys",
        TABLE,
        TABLE,
        "{{a[::-1]: b for a, b in x.items()}}",
        ("reverse each key", "write each key backwards"),
    ),
    Family("values", TABLE, NUMS, "list(x.values())", ("list the values", "take all the values")),
    Family("sorted_values", TABLE, NUMS, "sorted(x.values())", ("sort the values", "list the values in order")),
    Family("keys", TABLE, WORDS, "list(x)", ("list the keys", "take all the keys")),
    Family("sorted_keys", TABLE, WORDS, "sorted(x)", ("sort the keys", "list the keys in order")),
    Family(
        "keys_by_value",
        TABLE,
        WORDS,
        "sorted(x, key=x.get)",
        ("sort the keys by value", "list the keys from low to high"),
    ),
    Family(
        "keys_above",
        TABLE,
        WORDS,
        "[a for a, b in x.items() if b > {k}]",
        ("list keys with values above {k}", "list keys whose value is over {k}"),
        MIDDLE,
    ),
    Family("value_total", TABLE, INT, "sum(x.values())", ("sum the values", "take the total of the values")),
    Family("top_value", TABLE, INT, "max(x.values())", ("take the largest value", "find the highest value")),
    Family("count_keys", TABLE, INT, "len(x)", ("count the keys", "see how many keys there are")),
    Family(
        "top_key",
        TABLE,
        STR,
        "max(x, key=x.get)",
        ("take the key of the largest value", "find the key with the highest value"),
    ),
    Family(
        "low_key",
        TABLE,
        STR,
        "min(x, key=x.get)",
        ("take the key of the smallest value", "find the key with the lowest value"),
    ),
)

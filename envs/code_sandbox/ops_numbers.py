"""Families on one number."""

from agentrl.envs.code_sandbox.families import Family, ValueType

INT, STR, NUMS = ValueType.INT, ValueType.STR, ValueType.NUMS
SMALL = (2, 3, 4, 5, 6, 7, 8, 9)

FAMILIES = (
    Family("add", INT, INT, "x + {k}", ("add {k}", "increase it by {k}"), SMALL),
    Family("subtract", INT, INT, "x - {k}", ("subtract {k}", "decrease it by {k}"), SMALL),
    Family("multiply", INT, INT, "x * {k}", ("multiply by {k}", "take {k} times it"), SMALL),
    Family("divide", INT, INT, "x // {k}", ("divide by {k}, rounding down", "floor divide by {k}"), SMALL),
    Family("modulo", INT, INT, "x % {k}", ("take it modulo {k}", "take the remainder by {k}"), (4, 5, 6, 7, 8, 9)),
    Family("square", INT, INT, "x * x", ("square it", "multiply it by itself")),
    Family(
        "distance", INT, INT, "abs(x - {k})", ("take the distance to {k}", "see how far it is from {k}"), (20, 25, 30)
    ),
    Family(
        "digit_sum",
        INT,
        INT,
        "sum(int(c) for c in str(x))",
        ("sum its digits", "add up the digits", "take the digit sum"),
    ),
    Family("flip_digits", INT, INT, "int(str(x)[::-1])", ("reverse its digits", "read the digits backwards")),
    Family("subtract_from", INT, INT, "{k} - x", ("subtract it from {k}", "take {k} minus it"), (50, 70, 80, 90)),
    Family("digits", INT, NUMS, "[int(c) for c in str(x)]", ("list its digits", "split it into digits")),
    Family(
        "multiples",
        INT,
        NUMS,
        "[x * v for v in range(1, {k})]",
        ("list its multiples by 1 up to, not including, {k}", "list it times 1 up to below {k}"),
        (3, 4, 5),
    ),
    Family(
        "count_up",
        INT,
        NUMS,
        "list(range(x, x + {k}))",
        ("list {k} numbers from it on", "count up {k} numbers from it"),
        (3, 4, 5),
    ),
    Family(
        "divisors",
        INT,
        NUMS,
        "[v for v in range(1, x + 1) if x % v == 0]",
        ("list its divisors", "find all its divisors"),
    ),
    Family("to_text", INT, STR, "str(x)", ("write it as text", "turn it into a string")),
)

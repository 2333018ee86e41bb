"""Values as people see them in reports. For both sides: it imports nothing."""

MOST = 200
"""Characters."""


def cut(text: str, most: int = MOST) -> str:
    """`text`, or its beginning and its end when it is longer than `most`."""
    return text if len(text) <= most else f"{text[: most * 7 // 10]}...{text[-most // 4 :]}"


def shown(value: object, most: int = MOST) -> str:
    """`repr(value)`, cut; never raises."""
    try:
        return cut(repr(value), most)
    except Exception as error:  # an object's own, or an int beyond sys.get_int_max_str_digits
        return "<a huge int>" if type(value) is int else f"<repr raised {type(error).__name__}>"

"""What is kept of a stream of output."""


class Capture:
    """A stream of output: all of it is read, the beginning or the end is kept."""

    def __init__(self, limit: int, keep_end: bool) -> None:
        self.limit, self.keep_end = limit, keep_end
        self.kept, self.total = bytearray(), 0

    def add(self, data: bytes) -> None:
        """Take in more of the stream."""
        self.total += len(data)
        if self.keep_end:
            self.kept += data
            del self.kept[: max(0, len(self.kept) - self.limit)]
        else:
            self.kept += data[: max(0, self.limit - len(self.kept))]

    @property
    def truncated(self) -> bool:
        """Whether something was not kept."""
        return self.total > self.limit

    def text(self) -> str:
        """What was kept, as text; bytes that are no UTF-8 become U+FFFD."""
        return self.kept.decode("utf-8", "replace")

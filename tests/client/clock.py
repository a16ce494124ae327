"""Time for the client's tests."""

import time


class FakeClock:
    """Time that passes only while somebody sleeps; remembers how long each sleep was."""

    def __init__(self) -> None:
        self.now = time.time()  # the registry takes no assertion of another time
        self.sleeps: list[float] = []
        self.is_stopped = False

    def unix(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> bool:
        self.sleeps.append(seconds)
        self.now += seconds
        return not self.is_stopped

    def stop(self) -> None:
        self.is_stopped = True

# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""What goes on, for whoever waits: one line that is written over and over on a terminal, otherwise a line for each step of an experiment."""

import sys
import time


class Progress:
    def __init__(self, stream=sys.stderr):
        self._stream = stream
        self._start = time.monotonic()
        self._terminal = stream.isatty()

    def _time(self):
        minutes, seconds = divmod(int(time.monotonic() - self._start), 60)
        return f"{minutes:2}:{seconds:02}"

    def step(self, *words):
        text = f"{self._time()}  " + "  ".join(map(str, words))
        self._stream.write(f"\r\x1b[K{text[:150]}" if self._terminal else text + "\n")
        self._stream.flush()

    def line(self, text):
        """One that stays."""
        self._stream.write(("\r\x1b[K" if self._terminal else "") + f"{self._time()}  {text}\n")
        self._stream.flush()

# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""How long a run takes: all of it under 40 minutes, with --quick under 5, on two cores."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Effort:
    quick: bool
    rounds: int       # of which the median is taken
    seconds: float    # of one measurement
    warm_up: float    # before it, not counted

    def pick(self, quick, full):
        return quick if self.quick else full


QUICK = Effort(quick=True, rounds=3, seconds=0.5, warm_up=0.1)
FULL = Effort(quick=False, rounds=5, seconds=1.2, warm_up=0.3)

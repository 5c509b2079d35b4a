# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""What others measured. The paper, on its machines: "SmartSwitch: Blurring the Line Between Network Infrastructure & Cloud Applications",
Wei Zhang, Timothy Wood, K.K. Ramakrishnan, Jinho Hwang, HotCloud 2014. Rates in requests a second."""

DIRECT_RATE = 350e3
TWEMPROXY_RATE = 90e3
MEMSWITCH_TWO_SERVERS_RATE = 720e3
MEMSWITCH_CORE_RATE = 10e6
TWEMPROXY_OVER_DIRECT = 2.39  # mean latencies at 100 requests a second
CACHED_OVER_DIRECT = 0.11
CACHED_MEAN_US = 19

# Of a bare DPDK loop that does the same job, in one run on another machine of this kind: FastClick, real parsing, CRC32c, 8 ways.
FASTCLICK_SHARE = {"null": 31.2 / 53.4, "pcap": 22.3 / 35.3}

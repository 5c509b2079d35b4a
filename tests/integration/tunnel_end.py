#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""The end of an IP in IP tunnel, for a kernel without the module `ipip`.

Linux checks the outer packet and puts its fragments together, as it would for its own tunnel device; this program takes the outer header off and gives
the inner packet to Linux through a TUN device called `tunnel`."""

import fcntl
import os
import socket
import struct
import subprocess

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
IPPROTO_IPIP = 4


def main():
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, IPPROTO_IPIP)
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", b"tunnel", IFF_TUN | IFF_NO_PI))
    subprocess.run(["ip", "link", "set", "tunnel", "up"], check=True)
    while True:
        packet = raw.recv(65535)
        os.write(tun, packet[(packet[0] & 15) * 4:])


if __name__ == "__main__":
    main()

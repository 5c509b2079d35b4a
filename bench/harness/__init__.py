# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors

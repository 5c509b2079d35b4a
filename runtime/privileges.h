// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// From root to a user of one's own, once the devices are open:
//
//   forbid_new_privileges();                    // before any thread is started: they inherit it
//   ... Switch::create() ...
//   if (!become_user("smartswitch", problems))  // before Switch::start()
#pragma once

#include <string>

#include "elements/sdk/value.h"

namespace smartswitch::runtime {

/// No program that this thread, or one it starts, executes can gain privileges: set-user-id bits and file capabilities do nothing
/// (PR_SET_NO_NEW_PRIVS).
void forbid_new_privileges();

/// Makes the whole process `user` (a name or a number), with that user's groups. The calling thread, and those that it starts from now on,
/// keep the capabilities that opening another port takes (NET_RAW, NET_ADMIN, IPC_LOCK), as far as they have them; all other threads, which
/// are DPDK's, keep none. False, with the reason in `problems`, if that cannot be: the process should end then.
bool become_user(const std::string& user, Problems& problems);

}  // namespace smartswitch::runtime

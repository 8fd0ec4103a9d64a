#pragma once
#include "base/clock.h"
#include "qmail/machine.h"

#include <string>
#include <vector>

namespace bulla::qmail {

/// qmail-dksign (DK-01): does a delivery of qmail-rspawn in place of qmail-remote. `arguments` are host, sender, recipients. The message on
/// descriptor 0 is signed as control/dkimdomains says, and qmail-remote takes over this process with it: its report is the only one. Without
/// dkimdomains, or without a line for the sender, qmail-remote gets the message as it is. What stops a delivery is told in the words of DK-02
/// on descriptor 1. Comes back only if qmail-remote did not take over; the exit status is 0 all the same.
void deliver(Machine& machine,
             const std::string& home,
             const std::vector<std::string>& arguments,
             const Clock& clock);

}  // namespace bulla::qmail

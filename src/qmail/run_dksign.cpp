#include "qmail/dksign.h"
#include "qmail/programs.h"

#include <cstdio>
#include <vector>

namespace bulla::qmail {

int run_dksign(const std::string& name, std::span<char*> arguments) {
    if (arguments.size() < 3) {
        static_cast<void>(
            std::fprintf(stderr,
                         "usage: %s HOST SENDER RECIPIENT...\n"
                         "Called by qmail-rspawn in place of qmail-remote, with the message on "
                         "descriptor 0.\n",
                         name.c_str()));
        return 100;
    }
    const SystemClock clock;
    const auto machine = make_machine(name);
    deliver(*machine, find_home(), {arguments.begin(), arguments.end()}, clock);
    return 0;
}

}  // namespace bulla::qmail

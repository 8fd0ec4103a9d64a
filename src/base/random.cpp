#include "base/random.h"

#include <cerrno>
#include <cstdlib>
#include <sys/random.h>

namespace bulla {

void SystemRandom::fill(std::span<char> out) {
    std::size_t done = 0;
    while (done < out.size()) {
        const auto got = getrandom(out.data() + done, out.size() - done, 0);
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            std::abort();
        }
        done += static_cast<std::size_t>(got);
    }
}

}  // namespace bulla

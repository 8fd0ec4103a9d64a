// Linked into every unit test: the test starts in the root of the source tree, whatever folder it was called from, so that test data is
// found by relative names.
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace {

[[maybe_unused]] const bool at_root = [] {
    if (::chdir(BULLA_TEST_ROOT) != 0) {
        std::perror("cannot enter " BULLA_TEST_ROOT);
        std::exit(2);
    }
    return true;
}();

}  // namespace

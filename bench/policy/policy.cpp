// folders: policy
// dkimdomains with 10,000 domains. Prints "ns" a look-up with all it takes to know what to sign, and "bytes" of memory a domain.
#include "policy/dkimdomains.h"
#include "policy/plan.h"

#include "../program.h"

#include <ctime>
#include <malloc.h>
#include <vector>

namespace policy = bulla::policy;

namespace {

constexpr int domains = 10'000;
constexpr int rounds = 1'000'000;

std::size_t heap() {
    return ::mallinfo2().uordblks;
}

double cpu_seconds() {
    timespec t{};
    (void)::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

}  // namespace

int main() {
    std::string text = "*:\n=:default,eddy||~||:5\n";
    std::vector<bulla::DomainName> senders;
    for (int i = 0; i < domains; ++i) {
        const std::string name = "customer" + std::to_string(i) + ".example.org";
        text += (i % 3 == 0 ? "." : "") + name + ":selector2026a,selector2026b|||1209600|r:5\n";
        // A third for its own entry, a third for that of a parent, a third for none of its own.
        senders.push_back(bulla::DomainName::parse((i % 3 == 0   ? "mail.eu."
                                                    : i % 3 == 1 ? ""
                                                                 : "other.") +
                                                   name)
                              .value());
    }
    const std::size_t before = heap();
    const auto loaded = policy::read_dkimdomains(text, "dkimdomains");
    if (!loaded) {
        give_up(loaded.error().text);
    }
    const std::size_t used = heap() - before;
    const policy::IsOurs ours = [](const bulla::DomainName&) { return false; };
    std::size_t signatures = 0;
    const double begin = cpu_seconds();
    for (int i = 0; i < rounds; ++i) {
        const auto* entry = loaded->decide(&senders[static_cast<std::size_t>(i) % domains], ours);
        signatures += entry->signatures.size();
    }
    const double seconds = cpu_seconds() - begin;
    if (signatures < static_cast<std::size_t>(rounds)) {
        give_up("a look-up found nothing");
    }
    (void)std::printf("ns %.0f\nbytes %zu\n", seconds * 1e9 / rounds, used / domains);
    return 0;
}

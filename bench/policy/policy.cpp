// folders: policy directory
// dkimdomains with 10,000 domains. Prints "ns" a look-up, "bytes" of memory a domain, and "plan", the ns that the flow takes to know all about the
// two signatures of a message, keys included.
#include "directory/sign_plan.h"
#include "directory/signing_policy.h"
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

    bulla::directory::Snapshot snapshot;
    const auto rsa = bulla::crypto::PrivateKey::generate(bulla::crypto::KeyType::rsa, 2048).value();
    const auto eddy =
        bulla::crypto::PrivateKey::generate(bulla::crypto::KeyType::ed25519, 0).value();
    std::vector<bulla::Mailbox> mailboxes;
    for (const auto& sender : senders) {
        mailboxes.push_back(bulla::Mailbox::parse("somebody@" + sender.ascii()).value());
        const std::string owner = sender.ascii().substr(sender.ascii().find("customer"));
        snapshot.dkim_keys[owner] = {{bulla::DomainName::parse(owner).value(),
                                      bulla::Selector::parse("selector2026a").value(),
                                      rsa},
                                     {bulla::DomainName::parse(owner).value(),
                                      bulla::Selector::parse("selector2026b").value(),
                                      eddy}};
    }
    std::vector<std::string> problems;
    snapshot.signing_policy = bulla::directory::SigningPolicy::load(
        {.file = {}, .text = text, .key_directory = {}, .me = std::nullopt}, nullptr, problems);
    std::size_t planned = 0;
    const double start = cpu_seconds();
    for (int i = 0; i < rounds; ++i) {
        const auto& sender = mailboxes[static_cast<std::size_t>(i) % domains];
        const auto plan =
            bulla::directory::plan_signatures(snapshot,
                                              snapshot.signing_policy.get(),
                                              {.return_address = &sender, .author = &sender},
                                              bulla::Time{});
        planned += plan.signatures.size();
    }
    const double took = cpu_seconds() - start;
    if (planned < static_cast<std::size_t>(rounds)) {
        give_up("a plan has no signature");
    }
    (void)std::printf("plan %.0f\n", took * 1e9 / rounds);
    return 0;
}

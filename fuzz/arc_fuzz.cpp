// folders: arc
#include "arc/seal.h"
#include "arc/verify.h"

#include "target.h"

#include <cstdlib>
#include <string>

namespace arc = bulla::arc;
namespace dns = bulla::dns;
namespace mail = bulla::mail;

namespace {

constexpr bulla::Time now = bulla::from_unix(1'600'000'000);

arc::ChainResult verify(const mail::Message& message, const std::string& record) {
    const arc::Verification verification(message, now);
    std::vector<dns::DnsAnswer> answers;
    for (const dns::DnsQuestion& question : verification.questions()) {
        answers.push_back({.type = question.type,
                           .name = question.name,
                           .rcode = dns::Rcode::no_error,
                           .records = {dns::write_txt(record)}});
    }
    bulla::dkim::KeyCache keys;
    return verification.evaluate(answers, keys);
}

}  // namespace

// A whole message with ARC sets. What has none, or a chain that passes, can be sealed, and then passes.
extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    static const auto key =
        bulla::crypto::PrivateKey::generate(bulla::crypto::KeyType::ed25519).value();
    static const std::string record = bulla::dkim::write_key_record(key->public_key()).value();
    const auto message =
        mail::Message::parse(std::string(reinterpret_cast<const char*>(data), size));
    if (!message) {
        return 0;
    }
    const auto before = verify(*message, record);
    const arc::SealOptions options{.domain = bulla::DomainName::parse("example.com").value(),
                                   .selector = bulla::Selector::parse("s").value(),
                                   .key = key,
                                   .time = now,
                                   .chain = before.status,
                                   .results = {.authserv_id = "example.com"}};
    const auto set = arc::seal(*message, options);
    if (!set || before.status == bulla::Verdict::fail) {
        return 0;
    }
    const auto sealed = mail::Message::parse(*set + std::string(message->bytes()));
    if (sealed && verify(*sealed, record).status != bulla::Verdict::pass) {
        std::abort();
    }
    return 0;
}

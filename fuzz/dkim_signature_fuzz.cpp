// folders: dkim
#include "dkim/canon.h"
#include "dkim/verify.h"

#include "target.h"

#include <cstdlib>
#include <string>

namespace dkim = bulla::dkim;
namespace dns = bulla::dns;

// A whole message with DKIM-Signature fields, and both body canonicalisations of its body.
extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    const auto message =
        bulla::mail::Message::parse(std::string(reinterpret_cast<const char*>(data), size));
    if (!message) {
        return 0;
    }
    constexpr std::string_view key =
        "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    const dkim::Verification verification(*message, bulla::from_unix(1'600'000'000));
    std::vector<dns::DnsAnswer> answers;
    for (const dns::DnsQuestion& question : verification.questions()) {
        answers.push_back({.type = question.type,
                           .name = question.name,
                           .rcode = dns::Rcode::no_error,
                           .records = {dns::write_txt(key)}});
    }
    dkim::KeyCache keys;
    (void)verification.evaluate(answers, keys);
    for (const dkim::Canon canon : {dkim::Canon::simple, dkim::Canon::relaxed}) {
        const std::string once = dkim::canonical_body(canon, message->body());
        if (dkim::canonical_body(canon, once) != once) {
            std::abort();
        }
    }
    return 0;
}

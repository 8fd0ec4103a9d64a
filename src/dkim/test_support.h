#pragma once
#include "dkim/verify.h"
#include "dns/answer.h"
#include "mail/build.h"
#include "mail/message.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

// What the tests of this folder share.

namespace bulla::dkim {

inline std::string read_test_file(const std::string& name) {
    std::ifstream in(std::string(BULLA_SOURCE_DIR) + "/tests/data/dkim/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// A message from text with any line ends.
inline mail::Message make_message(std::string_view text) {
    auto message = mail::Message::parse(mail::with_crlf(text));
    if (!message) {
        std::abort();
    }
    return *std::move(message);
}

inline dns::DnsAnswer make_answer(std::string name, std::string_view text) {
    return {.type = dns::RecordType::txt,
            .name = std::move(name),
            .rcode = dns::Rcode::no_error,
            .security = dns::Security::insecure,
            .ttl = std::chrono::seconds(60),
            .records = {dns::write_txt(text)}};
}

/// Verifies with `records` as the whole DNS: other names do not exist.
inline std::vector<SignatureResult> verify_with(const mail::Message& message,
                                                const std::vector<dns::DnsAnswer>& records,
                                                Time now,
                                                const VerifyLimits& limits = {}) {
    const Verification verification(message, now, limits);
    std::vector<dns::DnsAnswer> answers = records;
    for (const dns::DnsQuestion& question : verification.questions()) {
        bool known = false;
        for (const dns::DnsAnswer& one : records) {
            known = known || one.name == question.name;
        }
        if (!known) {
            answers.push_back({.type = question.type,
                               .name = question.name,
                               .rcode = dns::Rcode::name_error,
                               .records = {}});
        }
    }
    KeyCache keys;
    return verification.evaluate(answers, keys);
}

}  // namespace bulla::dkim

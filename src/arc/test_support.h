#pragma once
#include "arc/verify.h"
#include "dkim/test_support.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

// What the tests of this folder share.

namespace bulla::arc {

/// A file of tests/data/arc as convert.py made it.
inline nlohmann::json read_suite(const std::string& name) {
    std::ifstream in(std::string(BULLA_SOURCE_DIR) + "/tests/data/arc/" + name);
    return nlohmann::json::parse(in);
}

using dkim::make_answer;
using dkim::make_message;

/// The answers of a scenario's txt-records.
inline std::vector<dns::DnsAnswer> make_answers(const nlohmann::json& records) {
    std::vector<dns::DnsAnswer> out;
    for (const auto& [name, text] : records.items()) {
        out.push_back(make_answer(name, text.get<std::string>()));
    }
    return out;
}

/// Verifies with `records` as the whole DNS: other names do not exist.
inline ChainResult verify_with(const mail::Message& message,
                               const std::vector<dns::DnsAnswer>& records,
                               const VerifyOptions& options = {}) {
    const Verification verification(message, from_unix(1'760'000'000), options);
    std::vector<dns::DnsAnswer> answers = records;
    for (const dns::DnsQuestion& question : verification.questions()) {
        answers.push_back({.type = question.type,
                           .name = question.name,
                           .rcode = dns::Rcode::name_error,
                           .records = {}});
    }
    dkim::KeyCache keys;
    return verification.evaluate(answers, keys);
}

}  // namespace bulla::arc

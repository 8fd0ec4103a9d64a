#pragma once
#include "crypto/key.h"
#include "importers/plan.h"
#include "importers/testing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::importers {

/// A key pair's PEM, made once for all tests of the program.
inline const std::string& rsa_pem() {
    static const std::string pem(
        crypto::PrivateKey::generate(crypto::KeyType::rsa).value()->pem().view());
    return pem;
}

inline const std::string& ed25519_pem() {
    static const std::string pem(
        crypto::PrivateKey::generate(crypto::KeyType::ed25519).value()->pem().view());
    return pem;
}

/// "example.com s1 rsa", with "waits" behind it if it does not sign.
inline std::vector<std::string> keys_of(const ImportPlan& plan) {
    std::vector<std::string> out;
    for (const auto& key : plan.keys) {
        out.push_back(key.domain.ascii() + " " + key.selector.text() + " " +
                      std::string(crypto::to_string(key.key->public_key().type())) +
                      (key.active ? "" : " waits"));
    }
    return out;
}

/// The value of a setting for a domain, or for the server; "!" if the plan has none.
inline std::string setting_of(const ImportPlan& plan,
                              std::string_view name,
                              std::string_view domain = {}) {
    for (const auto& one : plan.settings) {
        if (one.name == name && (one.domain ? one.domain->ascii() : "") == domain) {
            return one.value;
        }
    }
    return "!";
}

inline std::vector<std::string> texts_of(const ImportPlan& plan, Severity severity) {
    std::vector<std::string> out;
    for (const auto& one : plan.findings) {
        if (one.severity == severity) {
            out.push_back(write_finding(one));
        }
    }
    return out;
}

/// Whether a finding of that severity has `words` in it.
inline testing::AssertionResult says(const ImportPlan& plan,
                                     Severity severity,
                                     std::string_view words) {
    std::string all;
    for (const auto& text : texts_of(plan, severity)) {
        if (text.find(words) != std::string::npos) {
            return testing::AssertionSuccess();
        }
        all += "\n  " + text;
    }
    return testing::AssertionFailure()
           << "no " << to_string(severity) << " with \"" << words << "\" among" << all;
}

inline std::vector<std::string> trusted_of(const ImportPlan& plan) {
    std::vector<std::string> out;
    std::ranges::transform(
        plan.trusted, std::back_inserter(out), [](const Cidr& one) { return one.text(); });
    return out;
}

}  // namespace bulla::importers

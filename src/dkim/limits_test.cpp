#include "dkim/key_record.h"
#include "dkim/sign.h"
#include "dkim/signature.h"
#include "dkim/test_support.h"
#include "dkim/verify.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace bulla::dkim {
namespace {

const Time now = from_unix(1'700'000'000);
constexpr std::string_view text = "From: a@example.test\nSubject: x\n\nbody\n";

std::string repeat(std::string_view piece, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) {
        out += piece;
    }
    return out;
}

const std::shared_ptr<const crypto::PrivateKey>& rsa_key() {
    static const std::shared_ptr<const crypto::PrivateKey> key =
        crypto::PrivateKey::generate(crypto::KeyType::rsa, 2048).value();
    return key;
}

SignOptions sign_options() {
    return {.domain = DomainName::parse("example.test").value(),
            .selector = Selector::parse("s").value(),
            .key = rsa_key(),
            .time = now};
}

// The verdicts of a message that bears its own good signature `times` over, under `limits`.
std::vector<Verdict> verdicts(std::size_t times,
                              const VerifyLimits& limits,
                              std::vector<std::string> records = {}) {
    const auto plain = make_message(text);
    const auto options = sign_options();
    const std::string field = sign(plain, std::span(&options, 1)).value();
    const auto message = mail::Message::parse(repeat(field, times).append(plain.bytes())).value();
    if (records.empty()) {
        records.push_back(write_key_record(rsa_key()->public_key()).value());
    }
    dns::DnsAnswer answer = make_answer("s._domainkey.example.test", records.front());
    answer.records.clear();
    for (const auto& record : records) {
        answer.records.push_back(dns::write_txt(record));
    }
    std::vector<Verdict> found;
    for (const auto& result : verify_with(message, {answer}, now, limits)) {
        found.push_back(result.verdict);
    }
    return found;
}

TEST(DkimLimits, c2_5_signatures_examined_at_the_limit_and_one_past) {
    using enum Verdict;
    VerifyLimits limits;
    EXPECT_EQ(limits.max_signatures, 8U);
    limits.max_signatures = 2;
    EXPECT_EQ(verdicts(2, limits), (std::vector{pass, pass}));
    EXPECT_EQ(verdicts(3, limits), (std::vector{pass, pass, policy}));
}

TEST(DkimLimits, c2_5_key_records_tried_at_the_limit_and_one_past) {
    const std::string good = write_key_record(rsa_key()->public_key()).value();
    VerifyLimits limits;
    EXPECT_EQ(limits.max_keys, 3U);
    limits.max_keys = 2;
    EXPECT_EQ(verdicts(1, limits, {"p=1", good}).at(0), Verdict::pass);
    EXPECT_NE(verdicts(1, limits, {"p=1", "p=2", good}).at(0), Verdict::pass);
}

TEST(DkimLimits, c2_5_key_bits_at_the_limit_and_one_past) {
    VerifyLimits limits;
    EXPECT_EQ(limits.max_rsa_bits, 8192U);
    limits.max_rsa_bits = 2048;
    EXPECT_EQ(verdicts(1, limits).at(0), Verdict::pass);
    limits.max_rsa_bits = 2047;
    EXPECT_EQ(verdicts(1, limits).at(0), Verdict::policy);
    limits = {};
    limits.min_rsa_bits = 2048;
    EXPECT_EQ(verdicts(1, limits).at(0), Verdict::pass);
    limits.min_rsa_bits = 2049;
    EXPECT_EQ(verdicts(1, limits).at(0), Verdict::policy);
}

TEST(DkimLimits, c2_5_clock_skew_at_the_limit_and_one_past) {
    VerifyLimits limits;
    limits.max_clock_skew = std::chrono::seconds(10);
    const auto plain = make_message(text);
    for (const int ahead : {10, 11}) {
        auto options = sign_options();
        options.time = now + std::chrono::seconds(ahead);
        const auto signed_bytes = sign(plain, std::span(&options, 1)).value().append(plain.bytes());
        const auto message = mail::Message::parse(signed_bytes).value();
        const auto results =
            verify_with(message,
                        {make_answer("s._domainkey.example.test",
                                     write_key_record(rsa_key()->public_key()).value())},
                        now,
                        limits);
        EXPECT_EQ(results.at(0).verdict, ahead == 10 ? Verdict::pass : Verdict::permerror);
    }
}

TEST(DkimLimits, c2_5_a_signature_field_at_each_limit_and_one_past) {
    const auto options = sign_options();
    const std::string field = sign(make_message(text), std::span(&options, 1)).value();
    const auto reads = [&](const SignatureLimits& limits) {
        SignatureClaims claims;
        return parse_signature(field, claims, limits).has_value();
    };
    SignatureClaims claims;
    const std::size_t names = parse_signature(field, claims).value().headers.size();
    const std::size_t octets = field.size() - field.find(':') - 3;  // without name and CRLF
    constexpr std::size_t tags = 10;                                // v a c d s q t h bh b
    EXPECT_TRUE(reads({.max_headers = names}));
    EXPECT_FALSE(reads({.max_headers = names - 1}));
    EXPECT_TRUE(reads({.max_octets = octets}));
    EXPECT_FALSE(reads({.max_octets = octets - 1}));
    EXPECT_TRUE(reads({.max_tags = tags}));
    EXPECT_FALSE(reads({.max_tags = tags - 1}));
}

TEST(DkimLimits, c2_5_a_key_record_at_each_limit_and_one_past) {
    const std::string good = write_key_record(rsa_key()->public_key()).value();
    const std::string padding(longest_key_record - good.size() - 4, 'x');
    EXPECT_TRUE(parse_key_record(good + "; n=" + padding).has_value());
    EXPECT_EQ(parse_key_record(good + "; n=" + padding + "x").error().code, "dkim.too_many_tags");
    std::string many = good;  // v k p
    for (std::size_t i = 3; i < most_key_tags; ++i) {
        many += "; x" + std::to_string(i) + "=";
    }
    EXPECT_TRUE(parse_key_record(many).has_value());
    EXPECT_EQ(parse_key_record(many + "; y=").error().code, "dkim.too_many_tags");
}

// What a stranger's signature may not have, ours may: a message within the limits of the door is always signed and checked.
TEST(DkimLimits, c2_5_our_own_signature_over_900_fields_is_checked) {
    const auto message = make_message(repeat("References: <a@b>\n", 900) + std::string(text));
    const auto options = sign_options();
    const std::string added = sign(message, std::span(&options, 1)).value();
    const OwnKey own{
        .domain = options.domain, .selector = options.selector, .key = rsa_key()->public_key()};
    const auto results = self_check(added, message, std::span(&own, 1), now).value();
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results[0].verdict, Verdict::pass) << results[0].reason;
}

}  // namespace
}  // namespace bulla::dkim

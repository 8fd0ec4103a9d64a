#include "arc/seal.h"

#include "arc/sealed_bytes.h"
#include "arc/test_support.h"
#include "authres/collect.h"
#include "crypto/digest.h"
#include "dkim/key_record.h"
#include "dkim/tag_list.h"

#include <gtest/gtest.h>

#include <map>

namespace bulla::arc {
namespace {

using Tags = std::map<std::string, std::string>;

/// The tags of a list, without white space.
Tags tags_of(std::string_view text) {
    Tags out;
    const auto list = dkim::TagList::parse(text);
    for (const dkim::Tag& tag : list ? list->tags() : std::vector<dkim::Tag>{}) {
        out[std::string(tag.name)] = dkim::without_space(tag.value);
    }
    return out;
}

std::string single_spaced(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
        if (!space) {
            out.push_back(c);
        } else if (!out.empty() && out.back() != ' ') {
            out.push_back(' ');
        }
    }
    while (out.ends_with(' ')) {
        out.pop_back();
    }
    return out;
}

/// What the results say of the chain, else what verification says.
Verdict chain_of(const authres::Results& results,
                 const mail::Message& message,
                 const std::vector<dns::DnsAnswer>& answers) {
    for (const authres::MethodResult& method : results.methods) {
        if (method.method == "arc") {
            return method.result == "pass"   ? Verdict::pass
                   : method.result == "fail" ? Verdict::fail
                                             : Verdict::none;
        }
    }
    return verify_with(message, answers).status;
}

SealOptions options_of(const nlohmann::json& scenario, const nlohmann::json& test) {
    auto fields = std::make_shared<dkim::SignedFields>();
    const auto names = test["sig-headers"].get<std::string>();
    for (const std::string_view name : dkim::split_list(names, ':')) {
        fields->push_back({.name = std::string(name)});
    }
    return {.domain = DomainName::parse(scenario["domain"].get<std::string>()).value(),
            .selector = Selector::parse(scenario["sel"].get<std::string>()).value(),
            .key = crypto::PrivateKey::parse_pem(scenario["privatekey"].get<std::string>()).value(),
            .time = from_unix(test["t"].get<std::int64_t>()),
            .fields = fields};
}

/// A field of the suite's, folded as the suite has it.
std::string make_field(const std::string& name, const nlohmann::json& text) {
    std::string out = name + ": ";
    std::string value = text.get<std::string>();
    while (value.ends_with('\n') || value.ends_with(' ')) {
        value.pop_back();
    }
    for (const char c : value) {
        out += c == '\n' ? std::string("\r\n ") : std::string(1, c);
    }
    return out + "\r\n";
}

/// True if the suite's seal is good over what we say a seal covers: the sets before it, our results field and the suite's message signature.
bool suite_seal_is_good(const mail::Message& message,
                        const mail::Message& made,
                        const nlohmann::json& test,
                        const SealOptions& options) {
    // It was made while b= of the message signature was not folded yet.
    std::string signature = make_field("ARC-Message-Signature", test["AMS"]);
    const std::size_t value = signature.find("b=") + 2;
    const std::size_t length = signature.find(';', value) - value;
    signature.replace(value, length, dkim::without_space(signature.substr(value, length)));
    const std::string sealed = make_field("ARC-Seal", test["AS"]);
    dkim::SignatureClaims claims;
    const auto read = dkim::parse_signature(sealed, claims, {}, dkim::SignatureSyntax::arc_seal);
    if (!read) {
        return false;
    }
    std::string bytes;
    if (options.chain != Verdict::fail) {
        append_sets(bytes, collect_chain(message).sets);
    }
    const Set own{.results = made.field(made.fields().back()),
                  .message = signature,
                  .seal = sealed,
                  .chain = {}};
    append_own_set(bytes, own, read->value_begin, read->value_end);
    return options.key->public_key().verify_digest(crypto::view(crypto::sha256(bytes)),
                                                   read->signature);
}

TEST(ArcSeal, DK_21_rfc8617_the_test_suite) {
    int cases = 0;
    for (const auto& scenario : read_suite("sign.json")) {
        const auto answers = make_answers(scenario["txt-records"]);
        for (const auto& [name, test] : scenario["tests"].items()) {
            ++cases;
            const mail::Message message = make_message(test["message"].get<std::string>());
            SealOptions options = options_of(scenario, test);
            options.results = authres::collect_results(message, test["srv-id"].get<std::string>());
            options.chain = chain_of(options.results, message, answers);
            const auto made = seal(message, options);
            if (test["AS"].is_null() || test["AS"].get<std::string>().empty()) {
                ASSERT_FALSE(made) << name;
                EXPECT_EQ(made.error().code, "arc.chain_ended");
                continue;
            }
            ASSERT_TRUE(made) << name << ": " << made.error().text;
            const mail::Message set = make_message(*made);
            EXPECT_EQ(tags_of(set.first("ARC-Message-Signature")),
                      tags_of(test["AMS"].get<std::string>()))
                << name;
            // A seal covers the white space with which b= of the message signature is folded: so it is another one than the suite's.
            Tags tags = tags_of(set.first("ARC-Seal"));
            Tags expected = tags_of(test["AS"].get<std::string>());
            EXPECT_EQ(tags["b"].size(), expected["b"].size()) << name;
            tags.erase("b");
            expected.erase("b");
            EXPECT_EQ(tags, expected) << name;
            EXPECT_TRUE(suite_seal_is_good(message, set, test, options)) << name;
            EXPECT_EQ(
                verify_with(make_message(*made + std::string(message.bytes())), answers).status,
                options.chain == Verdict::fail ? Verdict::fail : Verdict::pass)
                << name;
            EXPECT_EQ(single_spaced(set.first("ARC-Authentication-Results")),
                      single_spaced(test["AAR"].get<std::string>()))
                << name;
        }
    }
    EXPECT_EQ(cases, 17);
}

class Sealer : public testing::Test {
  protected:
    static std::shared_ptr<crypto::PrivateKey> make_key(crypto::KeyType type) {
        return crypto::PrivateKey::generate(type).value();
    }

    SealOptions options(unsigned number, Verdict chain) {
        const std::string selector = "s" + std::to_string(number);
        const auto key = number % 2 == 1 ? rsa_ : ed25519_;
        answers_.push_back(make_answer(selector + "._domainkey.example.org",
                                       dkim::write_key_record(key->public_key()).value()));
        return {.domain = DomainName::parse("example.org").value(),
                .selector = Selector::parse(selector).value(),
                .key = key,
                .time = from_unix(1'750'000'000),
                .chain = chain,
                .results = {.authserv_id = "mx" + std::to_string(number) + ".example.org",
                            .methods = {{.method = "spf", .result = "pass"}}}};
    }

    /// The message with `count` sets on top.
    std::string sealed(unsigned count) {
        std::string text = text_;
        for (unsigned i = 1; i <= count; ++i) {
            const auto set =
                seal(make_message(text), options(i, i == 1 ? Verdict::none : Verdict::pass));
            EXPECT_TRUE(set) << set.error().text;
            text = set.value_or("") + text;
        }
        return text;
    }

    std::shared_ptr<crypto::PrivateKey> rsa_ = make_key(crypto::KeyType::rsa);
    std::shared_ptr<crypto::PrivateKey> ed25519_ = make_key(crypto::KeyType::ed25519);
    std::vector<dns::DnsAnswer> answers_;
    const std::string text_ =
        "DKIM-Signature: v=1\r\nFrom: a@example.com\r\nSubject: x\r\n\r\nbody\r\n";
};

TEST_F(Sealer, DK_21_what_is_sealed_passes_set_by_set) {
    const std::string text = sealed(4);
    const auto result = verify_with(make_message(text), answers_);
    EXPECT_EQ(result.status, Verdict::pass) << result.reason;
    EXPECT_EQ(result.instances.size(), 4U);
    EXPECT_EQ(result.oldest_pass, 0U);
    EXPECT_NE(result.instances[0].message.headers.find("DKIM-Signature"), std::string::npos);
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t end = rest.find("\r\n");
        EXPECT_LE(end, 78U) << rest.substr(0, end);
        rest.remove_prefix(end + 2);
    }
}

TEST_F(Sealer, DK_21_one_octet_changed_anywhere_in_the_sets_fails) {
    const std::string text = sealed(2);
    const std::size_t header = text.size() - text_.size();
    for (std::size_t i = 0; i < header; i += 7) {
        std::string changed = text;
        if (changed[i] == '\r' || changed[i] == '\n' || changed[i] == ' ') {
            continue;
        }
        changed[i] = changed[i] == 'x' ? 'y' : 'x';
        const auto message = mail::Message::parse(changed);
        ASSERT_TRUE(message);
        EXPECT_NE(verify_with(*message, answers_).status, Verdict::pass) << i;
    }
}

TEST_F(Sealer, DK_21_a_changed_body_fails_the_newest_and_shows_in_the_oldest_pass) {
    const std::string once = sealed(1);
    std::string changed = once;
    changed.replace(changed.rfind("body"), 4, "list");
    EXPECT_EQ(verify_with(make_message(changed), answers_).failed_at, 1U);
    // A list that changes the body verifies before and seals after.
    const auto set = seal(make_message(changed), options(2, Verdict::pass));
    ASSERT_TRUE(set);
    const auto result = verify_with(make_message(*set + changed), answers_);
    EXPECT_EQ(result.status, Verdict::pass) << result.reason;
    EXPECT_EQ(result.oldest_pass, 2U);
}

TEST_F(Sealer, rfc8617_5_1_2_a_failed_chain_is_sealed_once) {
    std::string broken = sealed(1);
    broken.replace(broken.rfind("body"), 4, "list");
    const auto set = seal(make_message(broken), options(2, Verdict::fail));
    ASSERT_TRUE(set) << set.error().text;
    EXPECT_NE(set->find("cv=fail"), std::string::npos);
    // The new seal covers its own set alone.
    const mail::Message made = make_message(*set);
    const Set own{.results = made.field(made.fields()[2]),
                  .message = made.field(made.fields()[1]),
                  .seal = made.field(made.fields()[0]),
                  .chain = {}};
    dkim::SignatureClaims claims;
    const auto read =
        dkim::parse_signature(own.seal, claims, {}, dkim::SignatureSyntax::arc_seal).value();
    std::string bytes;
    append_own_set(bytes, own, read.value_begin, read.value_end);
    EXPECT_TRUE(
        ed25519_->public_key().verify_message(crypto::view(crypto::sha256(bytes)), read.signature));
    const mail::Message twice = make_message(*set + broken);
    EXPECT_EQ(verify_with(twice, answers_).status, Verdict::fail);
    EXPECT_EQ(seal(twice, options(3, Verdict::fail)).error().code, "arc.chain_ended");
}

TEST_F(Sealer, DK_21_a_message_without_from_can_be_sealed_and_gets_none) {
    for (const std::string text : {"Subject: x\r\n", "Subject: x\r\n\r\nbody\r\n"}) {
        const auto set = seal(make_message(text), options(1, Verdict::none));
        ASSERT_TRUE(set);
        EXPECT_EQ(verify_with(make_message(*set + text), answers_).status, Verdict::pass);
        EXPECT_EQ(verify_with(make_message(*set + "From: a@b.example\r\n" + text), answers_).status,
                  Verdict::fail);
    }
}

TEST_F(Sealer, rfc8617_5_1_what_cannot_be_sealed) {
    EXPECT_EQ(seal(make_message(text_), options(1, Verdict::pass)).error().code,
              "arc.chain_mismatch");
    EXPECT_EQ(seal(make_message(sealed(1)), options(2, Verdict::none)).error().code,
              "arc.chain_mismatch");
    for (const char* text : {"", "\r\nbody\r\n", " x\r\nFrom: a@b.example\r\n\r\n"}) {
        EXPECT_EQ(seal(make_message(text), options(1, Verdict::none)).error().code,
                  "arc.no_header");
    }
    std::string full = "From: a@example.com\r\n\r\n";
    for (unsigned i = 1; i <= 50; ++i) {
        full = "ARC-Seal: i=" + std::to_string(i) + "; cv=pass\r\n" + full;
    }
    EXPECT_EQ(seal(make_message(full), options(1, Verdict::fail)).error().code, "arc.chain_full");
    SealOptions wrong = options(1, Verdict::none);
    wrong.key = make_key(crypto::KeyType::p256);
    EXPECT_EQ(seal(make_message(text_), wrong).error().code, "dkim.key_type");
}

}  // namespace
}  // namespace bulla::arc

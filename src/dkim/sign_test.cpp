#include "dkim/sign.h"

#include "dkim/key_record.h"
#include "dkim/tag_list.h"
#include "dkim/test_support.h"

#include <gtest/gtest.h>

namespace bulla::dkim {
namespace {

constexpr Time now = from_unix(1'700'000'000);
constexpr std::string_view plain_message =
    "Received: from a by b\n"
    "From: Alice <alice@example.com>\n"
    "To: bob@example.org\n"
    "Subject: Is  dinner\n ready?\n"
    "Date: Tue, 14 Nov 2023 22:13:20 +0000\n"
    "Message-ID: <1@example.com>\n"
    "\n"
    "Hi.  \n\nWe lost \t the game.\n\n\n";

std::shared_ptr<crypto::PrivateKey> rsa_key() {
    static const auto key = crypto::PrivateKey::generate(crypto::KeyType::rsa, 2048).value();
    return key;
}

std::shared_ptr<crypto::PrivateKey> ed25519_key() {
    static const auto key = crypto::PrivateKey::generate(crypto::KeyType::ed25519).value();
    return key;
}

SignOptions make_options(const std::shared_ptr<crypto::PrivateKey>& key,
                         std::string_view selector = "sel") {
    return {.domain = DomainName::parse("example.com").value(),
            .selector = Selector::parse(selector).value(),
            .key = key,
            .time = now};
}

std::vector<dns::DnsAnswer> published() {
    return {make_answer("sel._domainkey.example.com",
                        write_key_record(rsa_key()->public_key()).value()),
            make_answer("ed._domainkey.example.com",
                        write_key_record(ed25519_key()->public_key()).value())};
}

std::vector<OwnKey> own_keys() {
    return {{.domain = DomainName::parse("example.com").value(),
             .selector = Selector::parse("sel").value(),
             .key = rsa_key()->public_key()},
            {.domain = DomainName::parse("example.com").value(),
             .selector = Selector::parse("ed").value(),
             .key = ed25519_key()->public_key()}};
}

mail::Message signed_message(const std::string& header, std::string_view text) {
    return make_message(header + mail::with_crlf(text));
}

TEST(DkimSign, c2_7_all_canonicalisation_pairs_DK_08) {
    for (const Canon header : {Canon::simple, Canon::relaxed}) {
        for (const Canon body : {Canon::simple, Canon::relaxed}) {
            SignOptions rsa = make_options(rsa_key());
            SignOptions ed = make_options(ed25519_key(), "ed");
            rsa.canon = ed.canon = {.header = header, .body = body};
            const std::vector<SignOptions> options{ed, rsa};
            const std::string field = sign(make_message(plain_message), options).value();
            const auto results =
                verify_with(signed_message(field, plain_message), published(), now);
            ASSERT_EQ(results.size(), 2U);
            EXPECT_EQ(results[0].verdict, Verdict::pass) << results[0].reason << field;
            EXPECT_EQ(results[1].verdict, Verdict::pass) << results[1].reason << field;
            // DK-05: RSA first, Ed25519 second, whatever the order of the keys.
            EXPECT_EQ(results[0].algorithm, "rsa-sha256");
            EXPECT_EQ(results[1].algorithm, "ed25519-sha256");
        }
    }
}

TEST(DkimSign, DK_11_every_signature_names_dns_txt_and_lines_are_short) {
    SignOptions options = make_options(rsa_key());
    options.with_copies = true;
    options.identity = "some one@mail.example.com";
    options.expire_after = 604800;
    options.with_body_length = true;
    const std::string field = sign(make_message(plain_message), std::span(&options, 1)).value();
    EXPECT_NE(field.find(" q=dns/txt;"), std::string::npos);
    EXPECT_NE(field.find(" i=some=20one@mail.example.com;"), std::string::npos);
    EXPECT_NE(field.find(" t=1700000000;"), std::string::npos);
    EXPECT_NE(field.find(" x=1700604800;"), std::string::npos);
    EXPECT_NE(field.find(" l=26;"), std::string::npos) << field;
    EXPECT_NE(field.find("z=From:=20Alice"), std::string::npos);
    EXPECT_TRUE(
        field.starts_with("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com;"));
    std::size_t begin = 0;
    for (std::size_t end = field.find("\r\n"); end != std::string::npos;
         begin = end + 2, end = field.find("\r\n", begin)) {
        EXPECT_LE(end - begin, 78U) << field.substr(begin, end - begin);
        EXPECT_TRUE(begin == 0 || field[begin] == ' ');
    }
    EXPECT_EQ(begin, field.size());
    EXPECT_EQ(field, sign(make_message(plain_message), std::span(&options, 1)).value())
        << "the same input gives the same output";
    EXPECT_EQ(verify_with(signed_message(field, plain_message), published(), now).at(0).verdict,
              Verdict::pass);
}

TEST(DkimSign, DK_22_an_oversigned_field_cannot_be_added) {
    const SignOptions options = make_options(rsa_key());
    const std::string field = sign(make_message(plain_message), std::span(&options, 1)).value();
    for (const char* added : {"From: eve@example.com\r\n",
                              "Subject: other\r\n",
                              "Cc: x@example.com\r\n",
                              "Reply-To: x@example.com\r\n",
                              "Message-ID: <2@example.com>\r\n"}) {
        const auto results = verify_with(
            make_message(added + field + mail::with_crlf(plain_message)), published(), now);
        EXPECT_EQ(results.at(0).verdict, Verdict::fail) << added;
    }
    const auto results =
        verify_with(make_message("Received: from c\r\n" + field + mail::with_crlf(plain_message)),
                    published(),
                    now);
    EXPECT_EQ(results.at(0).verdict, Verdict::pass);
}

TEST(DkimSign, DK_22_chosen_fields_and_their_order) {
    SignOptions options = make_options(rsa_key());
    options.fields = std::make_shared<SignedFields>(SignedFields{
        {"X-Own", Oversign::never}, {"To", Oversign::if_present}, {"Cc", Oversign::if_present}});
    const std::string text = "X-Own: 1\nX-Own: 2\n" + std::string(plain_message);
    const std::string field = sign(make_message(text), std::span(&options, 1)).value();
    EXPECT_NE(field.find(" h=From:X-Own:X-Own:To:To;"), std::string::npos) << field;
    EXPECT_EQ(verify_with(signed_message(field, text), published(), now).at(0).verdict,
              Verdict::pass);
}

TEST(DkimSign, rfc6376_8_2_body_length_lets_text_be_appended) {
    SignOptions options = make_options(rsa_key());
    options.with_body_length = true;
    const std::string field = sign(make_message(plain_message), std::span(&options, 1)).value();
    const auto longer =
        verify_with(signed_message(field, std::string(plain_message) + "more\n"), published(), now);
    EXPECT_EQ(longer.at(0).verdict, Verdict::pass);
    EXPECT_EQ(longer.at(0).uncovered, 10U) << "two empty lines and \"more\"";
    const auto shorter = verify_with(
        signed_message(field, plain_message.substr(0, plain_message.size() - 8)), published(), now);
    EXPECT_EQ(shorter.at(0).verdict, Verdict::permerror);
}

TEST(DkimSign, refusals) {
    const auto code = [](const SignOptions& options, std::string_view text) {
        const auto field = sign(make_message(text), std::span(&options, 1));
        return field ? std::string_view("none") : field.error().code;
    };
    const SignOptions good = make_options(rsa_key());
    EXPECT_EQ(code(good, plain_message), "none");
    EXPECT_EQ(code(good, "To: a@example.com\n\nx\n"), "dkim.no_from");
    SignOptions options = good;
    options.identity = "me@devil.com";
    EXPECT_EQ(code(options, plain_message), "dkim.identity_outside") << "DK-06";
    options.identity = "me@evilexample.com";
    EXPECT_EQ(code(options, plain_message), "dkim.identity_outside");
    options.identity = "me@sub.example.com";
    EXPECT_EQ(code(options, plain_message), "none");
    options = good;
    options.expire_after = 0;
    EXPECT_EQ(code(options, plain_message), "dkim.bad_expiry");
    options = good;
    options.fields = std::make_shared<SignedFields>(SignedFields{{"Fr:om", Oversign::never}});
    EXPECT_EQ(code(options, plain_message), "dkim.bad_field_name");
    EXPECT_EQ(code(make_options(crypto::PrivateKey::generate(crypto::KeyType::p256).value()),
                   plain_message),
              "dkim.key_type");
}

TEST(DkimSign, rfc5321_lines_without_body_and_without_last_line_end) {
    for (const std::string_view text : {"From: a@example.com\r\n\r\n",
                                        "From: a@example.com\r\n",
                                        "From: a@example.com\r\n\r\nabc \t"}) {
        const auto message = mail::Message::parse(std::string(text)).value();
        const std::vector<SignOptions> options{make_options(rsa_key()),
                                               make_options(ed25519_key(), "ed")};
        const std::string field = sign(message, options).value();
        const auto results =
            verify_with(mail::Message::parse(field + std::string(text)).value(), published(), now);
        ASSERT_EQ(results.size(), 2U);
        EXPECT_EQ(results[0].verdict, Verdict::pass) << text;
        EXPECT_EQ(results[1].verdict, Verdict::pass) << text;
    }
}

TEST(DkimSelfCheck, DK_17_the_bytes_that_leave_are_checked) {
    const std::vector<SignOptions> options{make_options(rsa_key()),
                                           make_options(ed25519_key(), "ed")};
    const mail::Message message = make_message(plain_message);
    const std::string field = sign(message, options).value();
    const auto check =
        [&](const std::string& added, const mail::Message& about, const std::vector<OwnKey>& keys) {
            std::string verdicts;
            for (const SignatureResult& result : self_check(added, about, keys, now).value()) {
                verdicts.append(to_string(result.verdict)).append(" ");
            }
            return verdicts;
        };
    EXPECT_EQ(check(field, message, own_keys()), "pass pass ");
    EXPECT_EQ(check("Received: by us\r\n" + field, message, own_keys()), "pass pass ");
    EXPECT_EQ(check("Subject: added\r\n" + field, message, own_keys()), "fail fail ");
    EXPECT_EQ(check(field, make_message(std::string(plain_message) + "x\n"), own_keys()),
              "fail fail ");
    EXPECT_EQ(check(field, message, {own_keys()[0]}), "pass fail ");
    std::vector<OwnKey> other = own_keys();
    other[0].key = crypto::PrivateKey::generate(crypto::KeyType::rsa, 2048).value()->public_key();
    EXPECT_EQ(check(field, message, other), "fail pass ");
    EXPECT_EQ(check("", message, own_keys()), "");
}

}  // namespace
}  // namespace bulla::dkim

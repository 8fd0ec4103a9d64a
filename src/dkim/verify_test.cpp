#include "dkim/verify.h"

#include "base/encoding.h"
#include "dkim/canon.h"
#include "dkim/key_record.h"
#include "dkim/sign.h"
#include "dkim/signed_bytes.h"
#include "dkim/test_support.h"

#include <gtest/gtest.h>

namespace bulla::dkim {
namespace {

// RFC 6376, appendix C: the key of the example of A.2.
constexpr std::string_view brisbane =
    "v=DKIM1; "
    "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/"
    "zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od"
    "+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB";
constexpr Time later = from_unix(1'760'000'000);

struct VariantCase {
    const char* file;
    Verdict verdict;
    const char* reason;  // a part of it
};

TEST(DkimVerify, rfc6376_A_2_and_its_variants) {
    const std::vector<dns::DnsAnswer> records{
        make_answer("brisbane._domainkey.example.com", brisbane)};
    const VariantCase cases[] = {
        {"rfc6376-A.2.eml", Verdict::pass, "good"},
        {"rfc6376-A.2-arh-valid.eml", Verdict::pass, "good"},
        {"rfc6376-A.2-body_modified.eml", Verdict::fail, "body hash"},
        {"rfc6376-A.2-header_subject_modified.eml", Verdict::fail, "header fields"},
        {"rfc6376-A.2-ill_formed-missing_v.eml", Verdict::permerror, "v="},
        {"added_header-date.eml", Verdict::pass, "good"},
        {"added_header-from.eml", Verdict::pass, "good"},
    };
    for (const VariantCase& one : cases) {
        const auto results = verify_with(
            make_message(read_test_file(std::string("variants/") + one.file)), records, later);
        ASSERT_EQ(results.size(), 1U) << one.file;
        EXPECT_EQ(results[0].verdict, one.verdict) << one.file << ": " << results[0].reason;
        EXPECT_NE(results[0].reason.find(one.reason), std::string::npos)
            << one.file << ": " << results[0].reason;
    }
}

TEST(DkimVerify, rfc8463_A_3_both_signatures) {
    for (const char* file : {"rfc8463/001.txt", "rfc8463/002.txt"}) {
        std::string text = read_test_file(file);
        std::vector<dns::DnsAnswer> records;
        while (!text.starts_with('\n')) {
            const std::size_t end = text.find('\n');
            const std::size_t space = text.find(' ');
            records.push_back(
                make_answer(text.substr(0, space), text.substr(space + 1, end - space - 1)));
            text.erase(0, end + 1);
        }
        const auto results = verify_with(make_message(text.substr(1)), records, later);
        ASSERT_EQ(results.size(), records.size()) << file;
        for (const SignatureResult& result : results) {
            EXPECT_EQ(result.verdict, Verdict::pass)
                << file << " " << result.algorithm << ": " << result.reason;
        }
    }
}

class Made : public testing::Test {
  protected:
    static std::shared_ptr<crypto::PrivateKey> key() {
        static const auto made = crypto::PrivateKey::generate(crypto::KeyType::rsa, 2048).value();
        return made;
    }

    // A field with any tags, signed for real. `tags` ends where the signature goes ("… b=").
    static std::string sign_tags(const std::string& tags, const mail::Message& message) {
        std::string field = "DKIM-Signature: " + tags + "\r\n";
        SignatureClaims claims;
        std::string probe = field;
        probe.insert(probe.size() - 2, "AAAA");
        const auto signature = parse_signature(probe, claims);
        if (!signature) {
            return probe;
        }
        const std::string bytes =
            key()
                ->sign_digest(crypto::view(digest_header(FieldList(message), *signature, probe)))
                .value();
        field.insert(field.size() - 2, base64_encode(bytes));
        return field;
    }

    static std::string body_hash(std::string_view body) {
        return base64_encode(crypto::view(digest_body(Canon::relaxed, body).hash));
    }

    SignatureResult check(const std::string& tags, const std::string& key_tags = {}) {
        const mail::Message message = make_message(text_);
        const std::string common = tags + "; bh=" + body_hash("body\r\n") + "; b=";
        const std::string field = sign_tags(common, message);
        const std::string record = key_tags + "p=" + base64_encode(key()->public_key().der());
        const auto results = verify_with(make_message(field + mail::with_crlf(text_)),
                                         {make_answer("s._domainkey.example.com", record)},
                                         from_unix(1000));
        return results.at(0);
    }

    std::string text_ = "From: a@example.com\nSubject: x\n\nbody\n";
};

TEST_F(Made, rfc6376_6_1_1_what_a_signature_must_say) {
    const std::string good =
        "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s; h=From:Subject";

    struct Case {
        std::string tags;
        Verdict verdict;
        const char* reason;
    };

    const Case cases[] = {
        {good, Verdict::pass, "good"},
        {good + "; unknown=1", Verdict::pass, "good"},
        {good + "; t=1000; x=1001", Verdict::pass, "good"},
        {good + "; x=1000", Verdict::pass, "good"},
        {good + "; x=999", Verdict::permerror, "expired"},
        {good + "; t=1300", Verdict::pass, "good"},
        {good + "; t=1301", Verdict::permerror, "future"},
        {good + "; t=5; x=5", Verdict::permerror, "before it was made"},
        {good + "; t=1234567890123", Verdict::permerror, "t="},
        {good + "; x=-1", Verdict::permerror, "x="},
        {good + "; i=a@sub.example.com", Verdict::pass, "good"},
        {good + "; i=a@example.org", Verdict::permerror, "i="},
        {good + "; i=nobody", Verdict::permerror, "i="},
        {good + "; q=dns/txt", Verdict::pass, "good"},
        {good + "; q=http:dns/txt", Verdict::pass, "good"},
        {good + "; q=http", Verdict::permerror, "query"},
        {good + "; l=6", Verdict::pass, "good"},
        {good + "; l=7", Verdict::permerror, "l="},
        {good + "; l=0", Verdict::fail, "body hash"},
        {good + "; s=t", Verdict::permerror, "twice"},
        {"v=2; a=rsa-sha256; d=example.com; s=s; h=From", Verdict::permerror, "version"},
        {"v=1; a=rsa-sha1; d=example.com; s=s; h=From", Verdict::permerror, "rsa-sha1"},
        {"v=1; a=rsa-sha512; d=example.com; s=s; h=From", Verdict::permerror, "algorithm"},
        {"v=1; a=rsa-sha256; d=example.com; s=s; h=Subject:To", Verdict::permerror, "From"},
        {"v=1; a=rsa-sha256; d=example.com; s=s; h=", Verdict::permerror, "h="},
        {"v=1; a=rsa-sha256; c=relaxed/relaxed/simple; d=example.com; s=s; h=From",
         Verdict::permerror,
         "c="},
        {"v=1; a=rsa-sha256; c=nofws; d=example.com; s=s; h=From", Verdict::permerror, "c="},
        {"v=1; a=rsa-sha256; s=s; h=From", Verdict::permerror, "d="},
        {"v=1; a=rsa-sha256; d=exa mple.com; s=s; h=From", Verdict::permerror, "d="},
        {"v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=other; h=From",
         Verdict::permerror,
         "no key record"},
    };
    for (const Case& one : cases) {
        const SignatureResult result = check(one.tags);
        EXPECT_EQ(result.verdict, one.verdict) << one.tags << ": " << result.reason;
        EXPECT_NE(result.reason.find(one.reason), std::string::npos)
            << one.tags << ": " << result.reason;
    }
    EXPECT_EQ(check("v=1; a=rsa-sha1; d=example.com; s=s; h=From").algorithm, "rsa-sha1")
        << "claims are reported";
}

TEST_F(Made, rfc6376_6_1_2_what_a_key_record_must_say) {
    const std::string good =
        "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s; h=From:Subject; i=@example.com";

    struct Case {
        const char* key;
        Verdict verdict;
        const char* reason;
    };

    const Case cases[] = {
        {"", Verdict::pass, "good"},
        {"v=DKIM1; ", Verdict::pass, "good"},
        {"v=DKIM1; k=rsa; h=sha1:sha256; s=email; n=note; ", Verdict::pass, "good"},
        {"g=*; s=*; ", Verdict::pass, "good"},
        {"v=DKIM2; ", Verdict::permerror, "version"},
        {"k=rsa; v=DKIM1; ", Verdict::permerror, "version"},
        {"k=ed25519; ", Verdict::permerror, "cannot be read"},
        {"k=dsa; ", Verdict::permerror, "unknown type"},
        {"h=sha1; ", Verdict::permerror, "sha256"},
        {"s=tlsrpt; ", Verdict::permerror, "not for mail"},
        {"p=AAAA; ", Verdict::permerror, "twice"},
        {"t=s; ", Verdict::pass, "good"},
    };
    for (const Case& one : cases) {
        const SignatureResult result = check(good, one.key);
        EXPECT_EQ(result.verdict, one.verdict) << one.key << ": " << result.reason;
        EXPECT_NE(result.reason.find(one.reason), std::string::npos)
            << one.key << ": " << result.reason;
    }
    EXPECT_TRUE(check(good, "t=y; ").testing);
    const SignatureResult strict =
        check("v=1; a=rsa-sha256; d=example.com; s=s; h=From; i=@sub.example.com", "t=y:s; ");
    EXPECT_EQ(strict.verdict, Verdict::permerror) << strict.reason;
}

TEST(DkimVerify, rfc6376_3_6_1_revoked_keys_and_dns_failures) {
    const mail::Message message = make_message(read_test_file("variants/rfc6376-A.2.eml"));
    const std::string name = "brisbane._domainkey.example.com";
    EXPECT_NE(verify_with(message, {make_answer(name, "v=DKIM1; p=")}, later)
                  .at(0)
                  .reason.find("revoked"),
              std::string::npos);
    EXPECT_EQ(verify_with(message, {}, later).at(0).verdict, Verdict::permerror);
    dns::DnsAnswer answer = make_answer(name, brisbane);
    answer.rcode = dns::Rcode::server_failure;
    EXPECT_EQ(verify_with(message, {answer}, later).at(0).verdict, Verdict::temperror);
    answer = make_answer(name, brisbane);
    answer.security = dns::Security::bogus;
    EXPECT_EQ(verify_with(message, {answer}, later).at(0).verdict, Verdict::temperror)
        << "data of a bogus answer is not used";
    answer = make_answer(name, "v=spf1 -all");
    answer.records.push_back(dns::write_txt(brisbane));
    EXPECT_EQ(verify_with(message, {answer}, later).at(0).verdict, Verdict::pass)
        << "another TXT record at the name";
    KeyCache keys;
    EXPECT_EQ(Verification(message, later).evaluate({}, keys).at(0).verdict, Verdict::temperror)
        << "no answer at all";
}

TEST(DkimVerify, rfc8301_3_2_short_rsa_keys) {
    const mail::Message message = make_message(read_test_file("variants/rfc6376-A.2.eml"));
    const auto records = std::vector{make_answer("brisbane._domainkey.example.com", brisbane)};
    EXPECT_EQ(verify_with(message, records, later).at(0).key_bits, 1024U);
    EXPECT_EQ(
        verify_with(message, records, later, {.min_rsa_bits = 2048, .signature = {}}).at(0).verdict,
        Verdict::policy);
    // RFC 6376 3.6.1's example of the syntax has a 512-bit key in many tutorials; such keys are factored in hours.
    constexpr std::string_view short_key =
        "p="
        "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8QuKUpRKf"
        "FLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==";
    const auto weak = verify_with(message,
                                  {make_answer("brisbane._domainkey.example.com", short_key)},
                                  later,
                                  {.min_rsa_bits = 512, .signature = {}});
    EXPECT_EQ(weak.at(0).verdict, Verdict::policy) << weak.at(0).reason;
}

TEST(DkimVerify, signatures_beyond_the_limit_are_not_examined) {
    const std::string one = read_test_file("variants/rfc6376-A.2.eml");
    const std::string field = one.substr(0, one.find("Received:"));
    std::string text = one;
    for (int i = 0; i < 10; ++i) {
        text.insert(0, field);
    }
    const mail::Message message = make_message(text);
    EXPECT_EQ(Verification(message, later).questions().size(), 1U) << "each name is asked for once";
    const auto results =
        verify_with(message, {make_answer("brisbane._domainkey.example.com", brisbane)}, later);
    ASSERT_EQ(results.size(), 11U);
    EXPECT_EQ(results[7].verdict, Verdict::pass) << results[7].reason;
    EXPECT_EQ(results[8].verdict, Verdict::policy);
}

TEST(DkimVerify, one_changed_octet_anywhere_never_passes) {
    const std::string text = mail::with_crlf(read_test_file("variants/rfc6376-A.2.eml"));
    const auto records = std::vector{make_answer("brisbane._domainkey.example.com", brisbane)};
    const std::size_t begin = text.find("\r\nReceived:") + 2;
    for (std::size_t at = begin; at < text.size(); ++at) {
        std::string changed = text;
        changed[at] = static_cast<char>(changed[at] ^ 0x04);
        const auto results = verify_with(mail::Message::parse(changed).value(), records, later);
        ASSERT_NE(results.at(0).verdict, Verdict::pass) << at;
    }
}

TEST(DkimKeyCache, bounded_and_keeps_the_used) {
    KeyCache cache(2);
    const auto first = cache.find(brisbane);
    ASSERT_TRUE(first->has_value());
    EXPECT_FALSE(cache.find("p=1")->has_value());
    EXPECT_EQ(cache.find(brisbane), first);
    EXPECT_FALSE(cache.find("p=2")->has_value());
    EXPECT_EQ(cache.size(), 2U);
    EXPECT_EQ(cache.find(brisbane), first) << "used last, so it stays";
}

TEST(DkimKeyRecord, DK_13_the_record_and_its_zone_line) {
    const auto rsa = crypto::PrivateKey::generate(crypto::KeyType::rsa, 2048).value();
    const std::string text =
        write_key_record(rsa->public_key(), {.testing = true, .same_domain = true}).value();
    const KeyRecord record = parse_key_record(text).value();
    EXPECT_EQ(record.key->fingerprint(), rsa->public_key().fingerprint());
    EXPECT_TRUE(record.testing && record.same_domain);
    const std::string line = write_zone_line("s._domainkey.example.com", text);
    EXPECT_TRUE(line.starts_with("s._domainkey.example.com. IN TXT ( \"v=DKIM1; k=rsa; t=y:s; p="))
        << line;
    EXPECT_EQ(line.find('"', line.find('"') + 1) - line.find('"'), 256U)
        << "strings of at most 255 octets";
    const auto ed = crypto::PrivateKey::generate(crypto::KeyType::ed25519).value();
    EXPECT_EQ(write_key_record(ed->public_key()).value(),
              "v=DKIM1; k=ed25519; p=" + base64_encode(ed->public_key().ed25519_raw()));
}

}  // namespace
}  // namespace bulla::dkim

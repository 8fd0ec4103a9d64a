#include "pki/self_signed.h"

#include "base/date.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace bulla::pki {
namespace {

class SelfSigned : public testing::Test {
  public:
    SelfSigned() : place_(testing::TempDir() + "bulla_pki_" + std::to_string(getpid())) {
        std::filesystem::create_directories(place_);
    }

    ~SelfSigned() override { std::filesystem::remove_all(place_); }

    std::string openssl(const std::string& words) {
        const auto line = "cd " + place_ + " && openssl " + words + " >out 2>&1";
        status_ = std::system(line.c_str());  // NOLINT(concurrency-mt-unsafe): no other thread runs
        std::ostringstream text;
        text << std::ifstream(place_ + "/out").rdbuf();
        return text.str();
    }

    void write(const CertifiedKey& made) const {
        std::ofstream(place_ + "/cert.pem") << made.certificate;
        std::ofstream(place_ + "/key.pem") << made.private_key.view();
    }

    static std::vector<DomainName> hosts(std::initializer_list<std::string_view> names) {
        std::vector<DomainName> out;
        for (const auto name : names) {
            out.push_back(DomainName::parse(name).value());
        }
        return out;
    }

    std::string place_;
    int status_ = 0;
    ManualClock clock_{parse_rfc3339("2026-11-22T12:00:00Z").value()};
};

TEST_F(SelfSigned, c5_openssl_takes_it_for_every_host_within_its_days) {
    const auto made = make_self_signed(hosts({"mail.example.org",
                                              "b\xC3\xBC"
                                              "cher.example"}),
                                       clock_,
                                       90);
    ASSERT_TRUE(made);
    write(*made);
    const auto text = openssl("x509 -in cert.pem -noout -text");
    for (const auto* part : {"Version: 3",
                             "CN = mail.example.org",
                             "DNS:mail.example.org, DNS:xn--bcher-kva.example",
                             "CA:FALSE",
                             "TLS Web Server Authentication",
                             "Not Before: Nov 22 11:00:00 2026 GMT",
                             "Not After : Feb 20 12:00:00 2027 GMT",
                             "ecdsa-with-SHA256",
                             "prime256v1"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << '\n' << text;
    }
    const auto verify = [&](std::string_view when, std::string_view host) {
        const auto at = std::to_string(to_unix(parse_rfc3339(when).value()));
        (void)openssl("verify -CAfile cert.pem -purpose sslserver -attime " + at +
                      " -verify_hostname " + std::string(host) + " cert.pem");
        return status_ == 0;
    };
    EXPECT_TRUE(verify("2026-11-22T11:30:00Z", "mail.example.org"));
    EXPECT_TRUE(verify("2027-02-20T11:59:00Z", "xn--bcher-kva.example"));
    EXPECT_FALSE(verify("2027-02-20T12:01:00Z", "mail.example.org"));
    EXPECT_FALSE(verify("2026-11-22T10:59:00Z", "mail.example.org"));
    EXPECT_FALSE(verify("2026-12-01T00:00:00Z", "other.example.org"));
    EXPECT_EQ(openssl("pkey -in key.pem -pubout"), openssl("x509 -in cert.pem -noout -pubkey"));
}

TEST_F(SelfSigned, a_long_host_is_in_the_alternative_names_only) {
    const auto name = std::string(60, 'a') + "." + std::string(60, 'b') + ".example";
    write(make_self_signed(hosts({name}), clock_, 1).value());
    const auto text = openssl("x509 -in cert.pem -noout -text");
    EXPECT_NE(text.find("X509v3 Subject Alternative Name: critical"), std::string::npos) << text;
    EXPECT_NE(text.find("DNS:" + name), std::string::npos);
}

TEST_F(SelfSigned, serial_numbers_and_keys_differ) {
    const auto one = make_self_signed(hosts({"a.example"}), clock_, 1).value();
    const auto two = make_self_signed(hosts({"a.example"}), clock_, 1).value();
    EXPECT_NE(one.certificate, two.certificate);
    EXPECT_NE(one.private_key.view(), two.private_key.view());
}

TEST_F(SelfSigned, refusals) {
    EXPECT_EQ(make_self_signed({}, clock_, 1).error().code, "pki.bad_request");
    EXPECT_EQ(make_self_signed(hosts({"a.example"}), clock_, 0).error().code, "pki.bad_request");
    EXPECT_EQ(make_self_signed(hosts({"a.example"}), clock_, 826).error().code, "pki.bad_request");
    const std::vector<DomainName> many(101, DomainName::parse("a.example").value());
    EXPECT_EQ(make_self_signed(many, clock_, 1).error().code, "pki.bad_request");
}

}  // namespace
}  // namespace bulla::pki

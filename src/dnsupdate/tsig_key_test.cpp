#include "dnsupdate/tsig_key.h"

#include "base/encoding.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace bulla::dnsupdate {
namespace {

const std::string secret = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

TEST(TsigKey, DK_18_a_key_file_is_read_in_three_forms) {
    const std::string forms[] = {
        "hmac-sha512:upd.example.org:" + secret,
        "# hmac\nhmac-sha512:UPD.example.org.:" + secret + "\r\n",
        "key \"upd.example.org\" {\n\talgorithm hmac-sha512;\n\tsecret \"" + secret + "\";\n};\n",
        "key upd.example.org. { secret \"" + secret + "\"; algorithm HMAC-SHA512; };",
        "# hmac-sha512:upd.example.org:" + secret +
            "\nkey:\n  - id: upd.example.org.\n    algorithm: hmac-sha512\n    secret: " + secret +
            "\n"};
    for (const std::string& form : forms) {
        const auto key = parse_key(form);
        ASSERT_TRUE(key) << form;
        EXPECT_EQ(key->name.ascii(), "upd.example.org");
        EXPECT_EQ(key->algorithm, TsigAlgorithm::hmac_sha512);
        EXPECT_EQ(base64_encode(key->secret.view()), secret);
    }
    EXPECT_EQ(parse_key("hmac-sha256:k:" + secret)->algorithm, TsigAlgorithm::hmac_sha256);
}

TEST(TsigKey, DK_18_what_is_no_key_is_refused_without_a_word_of_it) {
    const std::string bad[] = {
        "",
        "#",
        "hmac-sha256",
        "hmac-sha256:" + secret,
        "hmac-sha256::" + secret,
        "hmac-sha256:k:" + secret + "x",
        "hmac-sha256:k:c2hvcnQ=",
        "hmac-sha256:k:",
        "hmac-md5:k:" + secret,
        "hmac-sha1:k:" + secret,
        "hmac-sha256:k:" + secret + " hmac-sha256:l:" + secret,
        "hmac-sha256:a..b:" + secret,
        "key k { algorithm hmac-sha256; };",
        "key k { algorithm hmac-sha256; secret \"" + secret + "\"; }; key l { };",
        "key k { algorithm hmac-sha256; algorithm \"" + secret + "\"; };",
        "key k { algorithm hmac-sha256; id \"" + secret + "\"; };",
        "key:\n - id: k\n   id: l\n   secret: " + secret,
        "key:\n - id: k\n   algorithm: hmac-sha256\n   secret: " + secret + "\n - id: l\n",
        std::string(5000, ';') + std::string(5000, 'x'),
    };
    for (const std::string& text : bad) {
        const auto key = parse_key(text);
        ASSERT_FALSE(key) << text;
        EXPECT_FALSE(key.error().text.contains(secret.substr(0, 8))) << key.error().text;
    }
}

TEST(TsigKey, DK_18_a_key_file_that_others_can_read_is_refused) {
    const auto path =
        (std::filesystem::temp_directory_path() / ("bulla-tsig-" + std::to_string(::getpid())))
            .string();
    std::ofstream(path) << "hmac-sha256:k:" << secret << '\n';
    std::filesystem::permissions(path, std::filesystem::perms(0640));
    EXPECT_EQ(load_key(path).error().code, "file.world_readable");
    std::filesystem::permissions(path, std::filesystem::perms(0600));
    EXPECT_TRUE(load_key(path));
    std::ofstream(path) << "hmac-sha256:k:!" << secret << '\n';
    const auto bad = load_key(path);
    ASSERT_FALSE(bad);
    EXPECT_TRUE(bad.error().text.starts_with(path)) << bad.error().text;
    EXPECT_FALSE(bad.error().text.contains(secret)) << bad.error().text;
    std::filesystem::remove(path);
    EXPECT_FALSE(load_key(path));
}

}  // namespace
}  // namespace bulla::dnsupdate

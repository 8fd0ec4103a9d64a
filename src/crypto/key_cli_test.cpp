// Keys and signatures to and from the openssl command line.
#include "crypto/key.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/stat.h>

namespace bulla::crypto {
namespace {

class Cli : public testing::Test {
  public:
    Cli() : place_(testing::TempDir() + "bulla_cli_" + std::to_string(getpid())) {
        std::filesystem::create_directories(place_);
    }

    ~Cli() override { std::filesystem::remove_all(place_); }

    // Runs the words after "openssl" in the test's directory.
    [[nodiscard]] int openssl(const std::string& words) const {
        const auto line = "cd " + place_ + " && umask 077 && openssl " + words + " >out 2>&1";
        return std::system(line.c_str());  // NOLINT(concurrency-mt-unsafe): no other thread runs
    }

    [[nodiscard]] std::string path(std::string_view name) const {
        return place_ + "/" + std::string(name);
    }

    [[nodiscard]] std::string read(std::string_view name) const {
        std::ostringstream text;
        text << std::ifstream(path(name), std::ios::binary).rdbuf();
        return text.str();
    }

    void write(std::string_view name, std::string_view text) const {
        std::ofstream(path(name), std::ios::binary) << text;
    }

    std::string place_;
};

struct Tool {
    std::string name;
    std::string make;    // makes k.pem
    std::string verify;  // verifies sig over msg with pub.pem
    KeyType type;
    std::size_t bits;
};

const Tool tools[] = {
    {"rsa",
     "genrsa -out k.pem 2048",
     "dgst -sha256 -verify pub.pem -signature sig msg",
     KeyType::rsa,
     2048},
    {"rsa_traditional",
     "genrsa -traditional -out k.pem 1024",
     "dgst -sha256 -verify pub.pem -signature sig msg",
     KeyType::rsa,
     1024},
    {"p256",
     "ecparam -name prime256v1 -genkey -out k.pem",
     "dgst -sha256 -verify pub.pem -signature sig msg",
     KeyType::p256,
     256},
    {"p384",
     "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out k.pem",
     "dgst -sha384 -verify pub.pem -signature sig msg",
     KeyType::p384,
     384},
    {"ed25519",
     "genpkey -algorithm ed25519 -out k.pem",
     "pkeyutl -verify -pubin -inkey pub.pem -rawin -in msg -sigfile sig",
     KeyType::ed25519,
     256},
    {"dsa_1024_160",
     "dsaparam -genkey -out k.pem 1024",
     "dgst -sha256 -verify pub.pem -signature sig msg",
     KeyType::dsa,
     1024},
    {"dsa_2048_224",
     "genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:2048 -pkeyopt "
     "dsa_paramgen_q_bits:224 -out p.pem && openssl gendsa -out k.pem p.pem",
     "dgst -sha256 -verify pub.pem -signature sig msg",
     KeyType::dsa,
     2048},
    {"dsa_2048_256_pkcs8",
     "genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:2048 -pkeyopt "
     "dsa_paramgen_q_bits:256 -out p.pem && openssl genpkey -paramfile p.pem -out k.pem",
     "dgst -sha256 -verify pub.pem -signature sig msg",
     KeyType::dsa,
     2048}};

TEST_F(Cli, ARC_03_keys_of_the_command_line_sign_and_it_verifies) {
    for (const auto& tool : tools) {
        SCOPED_TRACE(tool.name);
        ASSERT_EQ(openssl(tool.make), 0) << read("out");
        ASSERT_EQ(openssl("pkey -in k.pem -pubout -out pub.pem"), 0) << read("out");
        const auto key = load_private_key(path("k.pem"));
        ASSERT_TRUE(key) << key.error().text;
        EXPECT_EQ((*key)->public_key().type(), tool.type);
        EXPECT_EQ((*key)->public_key().bits(), tool.bits);
        const auto half = load_public_key(path("pub.pem"));
        ASSERT_TRUE(half) << half.error().text;
        EXPECT_EQ(half->fingerprint(), (*key)->public_key().fingerprint());
        EXPECT_EQ(half->pem(), read("pub.pem"));

        write("msg", "a message\r\n");
        const auto signature = (*key)->sign_message("a message\r\n").value();
        write("sig", signature);
        EXPECT_EQ(openssl(tool.verify), 0) << read("out");
        write("msg", "another message\r\n");
        EXPECT_NE(openssl(tool.verify), 0);
    }
}

TEST_F(Cli, ARC_03_signatures_of_the_command_line_verify) {
    ASSERT_EQ(openssl("dsaparam -genkey -out k.pem 1024"), 0);
    write("msg", "text");
    ASSERT_EQ(openssl("dgst -sha256 -sign k.pem -out sig msg"), 0);
    const auto key = load_private_key(path("k.pem")).value();
    EXPECT_TRUE(key->public_key().verify_message("text", read("sig")));
    EXPECT_FALSE(key->public_key().verify_message("Text", read("sig")));
}

TEST_F(Cli, refusals_have_names) {
    struct Case {
        std::string make;
        std::string_view code;
    };

    const Case cases[] = {
        {"genrsa -aes128 -passout pass:abcd -out k.pem 1024", "key.encrypted"},
        {"genrsa -traditional -aes128 -passout pass:abcd -out k.pem 1024", "key.encrypted"},
        {"genrsa -out k.pem 768", "key.weak"},
        {"genpkey -algorithm ed448 -out k.pem", "key.unsupported"},
        {"genpkey -algorithm x25519 -out k.pem", "key.unsupported"},
        {"genpkey -algorithm RSA-PSS -out k.pem", "key.unsupported"},
        {"ecparam -name secp521r1 -genkey -out k.pem", "key.unsupported"},
        {"dsaparam -out k.pem 1024", "key.bad_pem"}};
    for (const auto& test : cases) {
        SCOPED_TRACE(test.make);
        ASSERT_EQ(openssl(test.make), 0) << read("out");
        const auto key = load_private_key(path("k.pem"));
        ASSERT_FALSE(key);
        EXPECT_EQ(key.error().code, test.code);
        EXPECT_NE(key.error().text.find("k.pem"), std::string::npos) << key.error().text;
    }
    EXPECT_EQ(load_private_key(path("none")).error().code, "key.unreadable");
    EXPECT_EQ(load_public_key(path("k.pem")).error().code, "key.bad_pem");
}

TEST_F(Cli, a_key_that_others_can_read_is_refused_unless_allowed) {
    ASSERT_EQ(openssl("genpkey -algorithm ed25519 -out k.pem"), 0);
    ASSERT_EQ(chmod(path("k.pem").c_str(), 0644), 0);
    EXPECT_EQ(load_private_key(path("k.pem")).error().code, "key.world_readable");
    EXPECT_TRUE(load_private_key(path("k.pem"), true));
}

TEST_F(Cli, halves_that_do_not_match_are_refused) {
    ASSERT_EQ(openssl("ecparam -name prime256v1 -genkey -noout -out a.pem && openssl ec -in a.pem "
                      "-outform DER -out a.der && openssl ecparam -name prime256v1 -genkey -noout "
                      "-out b.pem && openssl ec -in b.pem -outform DER -out b.der"),
              0);
    // ECPrivateKey (RFC 5915 3): the private number lies at octet 7, the public point is at the end.
    const auto mixed = read("a.der").substr(0, 56) + read("b.der").substr(56);
    write("m.der", mixed);
    ASSERT_EQ(openssl("base64 -in m.der -out m.b64"), 0);
    const auto pem =
        "-----BEGIN EC PRIVATE KEY-----\n" + read("m.b64") + "-----END EC PRIVATE KEY-----\n";
    const auto key = PrivateKey::parse_pem(pem);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, "key.bad_pem");
}

}  // namespace
}  // namespace bulla::crypto

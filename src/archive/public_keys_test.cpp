#include "archive/public_keys.h"

#include "archive/testing.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace bulla::archive {
namespace {

using testing::read_file;
using testing::TemporaryDirectory;
using testing::write_file;

/// Runs a command line in `directory`, quietly; true if it says yes.
bool runs(const TemporaryDirectory& directory, const std::string& command) {
    // The command line is the very thing under test: it is given to people to be typed.
    return std::system(("cd " + directory.path().string() + " && " + command + " >/dev/null 2>&1")
                           .c_str()) == 0;  // NOLINT(cert-env33-c,concurrency-mt-unsafe)
}

std::shared_ptr<crypto::PrivateKey> make_key(crypto::KeyType type) {
    if (type == crypto::KeyType::dsa) {
        return crypto::PrivateKey::parse_pem(read_file("tests/data/archive/dsa_4096.pem")).value();
    }
    return crypto::PrivateKey::generate(type).value();
}

class OpensslCommand : public ::testing::TestWithParam<crypto::KeyType> {};

TEST_P(OpensslCommand, c2_9_ARC_02_the_command_line_given_to_people_verifies_and_refuses) {
    const TemporaryDirectory directory;
    const std::string message = "Subject: sealed\r\n\r\nText.\r\n";
    const auto key = make_key(GetParam());
    write_file(directory / "message.eml", message);
    write_file(directory / "message.sig", key->sign_message(message).value());
    write_file(directory / "key.pem", key->public_key().pem());
    const auto command = openssl_command(GetParam(), {"message.eml", "message.sig", "key.pem"});
    EXPECT_TRUE(runs(directory, command)) << command;
    write_file(directory / "message.eml", message + "x");
    EXPECT_FALSE(runs(directory, command)) << command;
}

INSTANTIATE_TEST_SUITE_P(EveryAlgorithm,
                         OpensslCommand,
                         ::testing::Values(crypto::KeyType::rsa,
                                           crypto::KeyType::p256,
                                           crypto::KeyType::p384,
                                           crypto::KeyType::dsa,
                                           crypto::KeyType::ed25519),
                         [](const auto& type) {
                             return std::string(crypto::to_string(type.param));
                         });

TEST(PublicKeys, ARC_09_from_a_file_and_from_a_directory) {
    const TemporaryDirectory directory;
    const auto first = crypto::PrivateKey::generate(crypto::KeyType::ed25519).value();
    const auto second = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
    EXPECT_EQ(PublicKeys::load(directory.path().string()).error().code, "public_key.unreadable");
    EXPECT_FALSE(PublicKeys::load((directory / "a.pem").string()));
    write_file(directory / "a.pem", first->public_key().pem());
    write_file(directory / "b.pub", second->public_key().pem());
    write_file(directory / "notes.txt", "not a key");
    const auto one = PublicKeys::load((directory / "a.pem").string()).value();
    EXPECT_EQ(one.size(), 1U);
    ASSERT_NE(one.find(first->public_key().fingerprint()), nullptr);
    EXPECT_EQ(one.find(second->public_key().fingerprint()), nullptr);
    const auto both = PublicKeys::load(directory.path().string()).value();
    EXPECT_EQ(both.size(), 2U);
    EXPECT_NE(both.find(second->public_key().fingerprint()), nullptr);
    write_file(directory / "c.pem", "garbage");
    EXPECT_FALSE(PublicKeys::load(directory.path().string()));
}

}  // namespace
}  // namespace bulla::archive

#include "crypto/key.h"
#include "services/testing.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sys/stat.h>

namespace bulla::services {
namespace {

using nlohmann::json;
using testing::TestInstance;

std::shared_ptr<const crypto::Signer> signer_of(TestInstance& at, const std::string& id) {
    const auto snapshot = at.instance->snapshots().current();
    return snapshot->signers.contains(id) ? snapshot->signers.at(id).signer : nullptr;
}

TEST(Signers, ARC_06_every_kind_of_key_signs_and_its_public_file_verifies) {
    TestInstance at;
    const std::vector<std::pair<std::string, std::string>> kinds = {{"p256", "ecdsa-p256-sha256"},
                                                                    {"p384", "ecdsa-p384-sha384"},
                                                                    {"ed25519", "ed25519"},
                                                                    {"rsa", "rsa-sha256"}};
    for (const auto& [type, algorithm] : kinds) {
        const auto made = at.call("signer.create", {{"id", "a-" + type}, {"type", type}});
        ASSERT_TRUE(made) << made.error().text;
        EXPECT_EQ((*made)["signature_algorithm"], algorithm);
        const auto signature = signer_of(at, "a-" + type)->sign_message("a message").value();
        const std::string path = (*made)["public_key_file"];
        EXPECT_EQ(path,
                  at.config.state_path + "/public/a-" + type + "-" +
                      (*made)["fingerprint"].get<std::string>().substr(0, 8) + ".pem");
        EXPECT_TRUE(crypto::load_public_key(path).value().verify_message("a message", signature));
        EXPECT_FALSE(
            crypto::load_public_key(path).value().verify_message("another message", signature));
    }
    EXPECT_EQ(at.call("signer.create", {{"id", "default"}}).value()["algorithm"], "p256");
}

TEST(Signers, ARC_06_a_private_key_may_stay_at_its_path) {
    TestInstance at;
    const std::string path = at.folder.path() + "/prv_archive.pem";
    const auto key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
    std::ofstream(path) << key->pem().view();
    ::chmod(path.c_str(), 0644);
    EXPECT_EQ(at.error_of("signer.import", {{"id", "kept"}, {"path", path}}), "key.world_readable");
    ::chmod(path.c_str(), 0600);
    EXPECT_EQ(at.error_of("signer.import", {{"id", "kept"}, {"path", "prv_archive.pem"}}),
              "signer.bad_path");
    EXPECT_EQ(at.error_of("signer.import", {{"id", "kept"}}), "service.bad_argument");
    ASSERT_EQ(at.call("signer.import", {{"id", "kept"}, {"path", path}}).value()["private_key"],
              path);
    EXPECT_EQ(at.error_of("signer.import", {{"id", "twin"}, {"path", path}}), "signer.key_in_use");
    at.close();
    at.open();
    EXPECT_EQ(signer_of(at, "kept")->public_key().fingerprint(), key->public_key().fingerprint());
    at.close();
    std::filesystem::remove(path);
    at.open();
    EXPECT_EQ(signer_of(at, "kept"), nullptr);
    const auto problems = at.instance->snapshots().current()->problems;
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_NE(problems[0].find(path), std::string::npos);
}

TEST(Signers, ARC_07_rotation_keeps_every_public_key) {
    TestInstance at;
    const auto first = at.call("signer.create", {{"id", "archive"}}).value();
    const auto old_signature = signer_of(at, "archive")->sign_message("m").value();
    const auto second = at.call("signer.rotate", {{"id", "archive"}, {"type", "ed25519"}}).value();
    EXPECT_NE(first["fingerprint"], second["fingerprint"]);
    EXPECT_EQ(second["fingerprint"], signer_of(at, "archive")->public_key().fingerprint());
    const auto listed = at.call("signer.list").value();
    ASSERT_EQ(listed.size(), 1U);
    ASSERT_EQ(listed[0]["keys"].size(), 2U);
    bool verified = false;
    for (const auto& key : listed[0]["keys"]) {
        verified = verified || (key["fingerprint"] == first["fingerprint"] &&
                                crypto::PublicKey::parse_pem(key["public_key"].get<std::string>())
                                    .value()
                                    .verify_message("m", old_signature));
    }
    EXPECT_TRUE(verified);
    EXPECT_TRUE(std::filesystem::exists(first["public_key_file"].get<std::string>()));
    at.close();
    at.open();
    EXPECT_EQ(second["fingerprint"], signer_of(at, "archive")->public_key().fingerprint());
    EXPECT_EQ(at.error_of("signer.rotate", {{"id", "none"}}), "signer.missing");
}

TEST(Signers, ARC_07_a_new_key_is_of_the_kind_of_the_old_one) {
    TestInstance at;
    for (const auto& [type, bits] :
         std::initializer_list<std::pair<const char*, int>>{{"rsa", 3072}, {"p384", 0}}) {
        const auto first =
            at.call("signer.create", {{"id", type}, {"type", type}, {"bits", bits}}).value();
        const auto second = at.call("signer.rotate", {{"id", type}}).value();
        EXPECT_EQ(second["algorithm"], type);
        EXPECT_EQ(second["bits"], first["bits"]);
        EXPECT_NE(second["fingerprint"], first["fingerprint"]);
    }
    EXPECT_EQ(at.call("signer.rotate", {{"id", "rsa"}, {"type", "p256"}}).value()["algorithm"],
              "p256");
    EXPECT_EQ(at.error_of("signer.create", {{"id", "x"}, {"type", "ed25519"}, {"bits", 2048}}),
              "signer.no_bits");
}

TEST(Signers, ARC_06_a_public_key_is_no_private_key) {
    TestInstance at;
    const auto key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
    const std::string path = at.folder.path() + "/pub.pem";
    std::ofstream(path) << key->public_key().pem();
    ::chmod(path.c_str(), 0600);
    EXPECT_EQ(at.error_of("signer.import", {{"id", "a"}, {"path", path}}), "signer.public_key");
    EXPECT_EQ(at.error_of("signer.import", {{"id", "a"}, {"private_key", key->public_key().pem()}}),
              "signer.public_key");
    EXPECT_NE(at.error_of("signer.import", {{"id", "a"}, {"private_key", "nothing"}}),
              "signer.public_key");
}

TEST(Groups, ARC_08_a_signer_that_cannot_sign_is_refused_at_save) {
    TestInstance at;
    const std::string path = at.folder.path() + "/prv.pem";
    std::ofstream(path)
        << crypto::PrivateKey::generate(crypto::KeyType::p256).value()->pem().view();
    ::chmod(path.c_str(), 0600);
    ASSERT_EQ(at.error_of("signer.import", {{"id", "kept"}, {"path", path}}), "");
    at.close();
    std::filesystem::remove(path);
    at.open();
    EXPECT_EQ(at.error_of("group.add", {{"name", "all"}, {"archival_signer", "kept"}}),
              "group.signer_cannot_sign");
    EXPECT_NE(at.call("signer.list").value()[0]["problem"].get<std::string>().find(path),
              std::string::npos);
}

TEST(Signers, ARC_07_a_retired_signer_signs_no_more) {
    TestInstance at;
    ASSERT_TRUE(at.call("signer.create", {{"id", "archive"}}));
    ASSERT_TRUE(at.call("group.add",
                        {{"name", "all"}, {"archival_signer", "archive"}, {"members", {"*"}}}));
    EXPECT_EQ(at.error_of("signer.retire", {{"id", "archive"}}), "signer.in_use");
    ASSERT_TRUE(at.call("group.set", {{"name", "all"}, {"archival_signer", ""}}));
    ASSERT_TRUE(at.call("signer.retire", {{"id", "archive"}}));
    EXPECT_EQ(signer_of(at, "archive"), nullptr);
    EXPECT_EQ(at.call("signer.list").value()[0]["keys"].size(), 1U);
    EXPECT_EQ(at.error_of("group.set", {{"name", "all"}, {"archival_signer", "archive"}}),
              "group.unknown_signer");
    EXPECT_EQ(at.error_of("signer.retire", {{"id", "archive"}}), "signer.retired");
    EXPECT_EQ(at.error_of("signer.create", {{"id", "archive"}}), "signer.exists");
}

TEST(Groups, ARC_08_unknown_signers_are_refused_at_save) {
    TestInstance at;
    EXPECT_EQ(at.error_of("group.add", {{"name", "all"}, {"archival_signer", "nobody"}}),
              "group.unknown_signer");
    ASSERT_EQ(at.error_of("group.add",
                          {{"name", "All"}, {"members", {"Example.TEST", "*@*.example.org"}}}),
              "");
    EXPECT_EQ(at.error_of("group.set", {{"name", "all"}, {"archival_signer", "nobody"}}),
              "group.unknown_signer");
    EXPECT_EQ(at.error_of("group.add", {{"name", "all"}}), "group.exists");
    EXPECT_EQ(at.error_of("group.add", {{"name", "a b"}}), "group.bad_name");
    EXPECT_EQ(at.error_of("group.add", {{"name", "b"}, {"members", {"x y"}}}), "pattern.bad");
    EXPECT_EQ(at.error_of("group.set", {{"name", "all"}}), "service.bad_argument");
    ASSERT_EQ(at.error_of("group.member.add", {{"name", "all"}, {"pattern", "BOSS@example.net"}}),
              "");
    ASSERT_EQ(at.error_of("group.member.remove", {{"name", "all"}, {"pattern", "example.test"}}),
              "");
    EXPECT_EQ(at.error_of("group.member.remove", {{"name", "all"}, {"pattern", "example.test"}}),
              "group.no_member");
    const auto snapshot = at.instance->snapshots().current();
    const auto archived = [&](std::string_view address) {
        return !snapshot->find_groups(Mailbox::parse(address).value()).empty();
    };
    EXPECT_TRUE(archived("boss@EXAMPLE.net"));
    EXPECT_TRUE(archived("x@sub.example.org"));
    EXPECT_FALSE(archived("x@example.test"));
    EXPECT_EQ(at.call("group.list").value()[0]["members"],
              json({"*@*.example.org", "boss@example.net"}));
    ASSERT_TRUE(at.call("group.remove", {{"name", "all"}}));
    EXPECT_TRUE(at.instance->snapshots().current()->groups.empty());
}

TEST(Groups, ARC_04_a_signer_is_refused_while_its_table_is_missing) {
    TestInstance at;
    ASSERT_TRUE(at.call("signer.create", {{"id", "archive"}}));
    at.close();
    {
        auto database =
            store::Database::open({.url = at.config.database_url}, store::Access::read_write)
                .value();
        auto connection = database->connect(store::Access::read_write).value();
        ASSERT_TRUE(connection.run("drop table message_signature"));
    }
    at.open();
    EXPECT_EQ(at.error_of("group.add", {{"name", "all"}, {"archival_signer", "archive"}}),
              "group.no_signature_table");
    EXPECT_EQ(at.error_of("group.add", {{"name", "all"}}), "");
    EXPECT_EQ(create_signature_table(at.config).error().code, "instance.locked");
    at.close();
    EXPECT_EQ(create_signature_table(at.config), true);
    EXPECT_EQ(create_signature_table(at.config), false);
    EXPECT_EQ(migrate_database(at.config, at.clock), 0);
    at.open();
    EXPECT_EQ(at.error_of("group.set", {{"name", "all"}, {"archival_signer", "archive"}}), "");
}

}  // namespace
}  // namespace bulla::services

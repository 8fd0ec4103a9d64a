#include "vault/vault.h"

#include "base/encoding.h"
#include "store/database.h"
#include "store/migrations.h"
#include "vault/passphrase.h"
#include "vault/password.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sodium.h>
#include <sys/stat.h>

namespace bulla::vault {
namespace {

constexpr KdfCost cheap{1, 8192};

SecretBytes phrase(std::string_view text) {
    return SecretBytes(std::string(text));
}

class VaultTest : public testing::Test {
  public:
    VaultTest() : place_(testing::TempDir() + "bulla_vault_" + std::to_string(getpid())) {
        std::filesystem::remove_all(place_);
        std::filesystem::create_directories(place_);
        database_ =
            store::Database::open({.url = "sqlite://" + place_ + "/db"}, store::Access::read_write)
                .value();
        connection_ = std::make_unique<store::Connection>(
            database_->connect(store::Access::read_write).value());
        EXPECT_TRUE(store::migrate(*connection_, ManualClock(from_unix(0))));
    }

    ~VaultTest() override {
        connection_.reset();
        database_.reset();
        std::filesystem::remove_all(place_);
    }

    Vault create(std::string_view passphrase) {
        auto tx = store::Tx::begin(*connection_).value();
        auto vault = Vault::create(tx, phrase(passphrase), random_, cheap).value();
        EXPECT_TRUE(tx.finish());
        return vault;
    }

    [[nodiscard]] Result<Vault> open(std::string_view passphrase) {
        return Vault::open(*connection_, phrase(passphrase), random_);
    }

    std::string write(std::string_view name, std::string_view text, mode_t mode) const {
        const auto path = place_ + "/" + std::string(name);
        std::filesystem::remove(path);
        std::ofstream(path, std::ios::binary) << text;
        EXPECT_EQ(chmod(path.c_str(), mode), 0);
        return path;
    }

    std::string place_;
    SystemRandom random_;
    std::unique_ptr<store::Database> database_;
    std::unique_ptr<store::Connection> connection_;
};

TEST_F(VaultTest, what_one_run_seals_the_next_opens) {
    const auto sealed = create("open sesame").seal("vault_item/dkim/a/s1", "a private key");
    const auto vault = open("open sesame").value();
    EXPECT_EQ(vault.open_sealed("vault_item/dkim/a/s1", sealed).value().view(), "a private key");
    EXPECT_EQ(vault.open_sealed("e", vault.seal("e", "")).value().view(), "");
}

TEST_F(VaultTest, a_wrong_passphrase_is_named) {
    (void)create("open sesame");
    for (const auto* wrong : {"open sesamE", "open sesame ", "x"}) {
        const auto vault = open(wrong);
        ASSERT_FALSE(vault);
        EXPECT_EQ(vault.error().code, "vault.wrong_passphrase");
        EXPECT_EQ(vault.error().text.find(wrong), std::string::npos);
    }
    EXPECT_EQ(open("").error().code, "vault.bad_passphrase");
}

TEST_F(VaultTest, there_is_one_vault) {
    EXPECT_EQ(open("x").error().code, "vault.missing");
    (void)create("x");
    auto tx = store::Tx::begin(*connection_).value();
    EXPECT_EQ(Vault::create(tx, phrase("y"), random_, cheap).error().code, "vault.exists");
}

TEST_F(VaultTest, one_flipped_bit_anywhere_releases_nothing) {
    const auto vault = create("x");
    const auto text = vault.seal("id", "secret");
    const auto bytes = base64_decode(text).value();
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        auto flipped = bytes;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        const auto opened = vault.open_sealed("id", base64_encode(flipped));
        ASSERT_FALSE(opened) << bit;
        ASSERT_EQ(opened.error().code, "vault.tampered");
    }
    for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
        auto flipped = text;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        ASSERT_FALSE(vault.open_sealed("id", flipped)) << bit;
    }
    for (std::size_t size = 0; size < text.size(); ++size) {
        ASSERT_FALSE(vault.open_sealed("id", text.substr(0, size)));
    }
}

TEST_F(VaultTest, a_sealed_value_opens_in_its_own_place_only) {
    const auto vault = create("x");
    const auto sealed = vault.seal("message/1/summary", "text", Label::catalogue);
    EXPECT_TRUE(vault.open_sealed("message/1/summary", sealed, Label::catalogue));
    EXPECT_FALSE(vault.open_sealed("message/2/summary", sealed, Label::catalogue));
    EXPECT_FALSE(vault.open_sealed("message/1/summary", sealed, Label::queue));
    EXPECT_FALSE(vault.open_sealed("", sealed, Label::catalogue));
}

TEST_F(VaultTest, sealing_twice_gives_two_texts_that_hold_nothing_of_the_plain_one) {
    const auto vault = create("x");
    const std::string plain(64, 'p');
    const auto one = vault.seal("id", plain);
    EXPECT_NE(one, vault.seal("id", plain));
    EXPECT_EQ(base64_decode(one).value().find(plain.substr(0, 16)), std::string::npos);
}

TEST_F(VaultTest, every_label_and_purpose_has_a_key_of_its_own) {
    const auto vault = create("x");
    std::set<std::string> keys;
    for (const auto label : {Label::vault,
                             Label::volumes,
                             Label::search,
                             Label::queue,
                             Label::catalogue,
                             Label::keystore}) {
        EXPECT_EQ(vault.label_key(label).size(), 32U);
        keys.emplace(vault.label_key(label));
        keys.emplace(vault.derive(label, "a").view());
        keys.emplace(vault.derive(label, "b").view());
    }
    EXPECT_EQ(keys.size(), 18U);
}

TEST_F(VaultTest, a_new_passphrase_keeps_all_keys_but_the_keystores) {
    const auto vault = create("old");
    const auto sealed = vault.seal("id", "text");
    auto tx = store::Tx::begin(*connection_).value();
    ASSERT_TRUE(vault.rewrap(tx, phrase("new"), cheap));
    ASSERT_TRUE(tx.finish());
    EXPECT_EQ(open("old").error().code, "vault.wrong_passphrase");
    const auto again = open("new").value();
    EXPECT_EQ(again.open_sealed("id", sealed).value().view(), "text");
    EXPECT_EQ(again.label_key(Label::volumes), vault.label_key(Label::volumes));
    EXPECT_NE(again.label_key(Label::keystore), vault.label_key(Label::keystore));
}

TEST_F(VaultTest, a_changed_root_row_is_found) {
    (void)create("x");

    struct Case {
        std::string_view sql, code;
    };

    const Case cases[] = {
        {"update vault_root set memlimit = 9223372036854775807", "vault.bad_root"},
        {"update vault_root set memlimit = 8192, opslimit = -1", "vault.bad_root"},
        {"update vault_root set opslimit = 1000000000", "vault.bad_root"},
        {"update vault_root set opslimit = 2", "vault.wrong_passphrase"},
        {"update vault_root set opslimit = 1, salt = 'AAAA'", "vault.bad_root"},
        {"update vault_root set salt = 'AAAAAAAAAAAAAAAAAAAAAA=='", "vault.wrong_passphrase"},
        {"update vault_root set wrapped = ''", "vault.wrong_passphrase"},
        {"update vault_root set kdf = 'none'", "vault.bad_root"}};
    for (const auto& test : cases) {
        ASSERT_TRUE(connection_->run(test.sql));
        const auto vault = open("x");
        ASSERT_FALSE(vault) << test.sql;
        EXPECT_EQ(vault.error().code, test.code) << test.sql;
    }
}

TEST_F(VaultTest, passphrase_files) {
    struct Case {
        std::string_view content, passphrase, code;
        mode_t mode;
    };

    const Case cases[] = {{"s3cret", "s3cret", "", 0600},
                          {"s3cret\n", "s3cret", "", 0400},
                          {"s3cret words\r\n", "s3cret words", "", 0600},
                          {"s3cret\n\n", "", "vault.bad_passphrase", 0600},
                          {"\n", "", "vault.bad_passphrase", 0600},
                          {"", "", "vault.bad_passphrase", 0600},
                          {"s3cret", "", "file.world_readable", 0640},
                          {"s3cret", "", "file.world_readable", 0604}};
    for (const auto& test : cases) {
        const auto result = load_passphrase({.file = write("pass", test.content, test.mode)});
        ASSERT_EQ(result.has_value(), test.code.empty()) << test.content;
        if (result) {
            EXPECT_EQ(result->view(), test.passphrase);
        } else {
            EXPECT_EQ(result.error().code, test.code);
            EXPECT_EQ(result.error().text.find("s3cret"), std::string::npos);
        }
    }
    EXPECT_EQ(load_passphrase({.file = place_ + "/none"}).error().code, "file.unreadable");
    EXPECT_EQ(load_passphrase({.file = write("pass", std::string(1025, 'x'), 0600)}).error().code,
              "vault.bad_passphrase");
}

TEST_F(VaultTest, passphrase_from_a_systemd_credential) {
    (void)write("bulla-passphrase", "from systemd", 0440);
    ASSERT_EQ(setenv("CREDENTIALS_DIRECTORY", place_.c_str(), 1), 0);
    EXPECT_EQ(load_passphrase({.prompt = false}).value().view(), "from systemd");
    const auto file = write("pass", "from a file", 0600);
    EXPECT_EQ(load_passphrase({.file = file, .prompt = false}).value().view(), "from systemd");
    EXPECT_EQ(load_passphrase({.credential = "other", .file = file}).value().view(), "from a file");
    ASSERT_EQ(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    EXPECT_EQ(load_passphrase({.prompt = false}).error().code, "vault.no_passphrase");
}

TEST(Password, rfc9106_hashes_are_phc_strings_that_libsodium_reads) {
    SystemRandom random;
    const auto hash = hash_password("correct horse", random, cheap).value();
    EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$")) << hash;
    ASSERT_GE(sodium_init(), 0);
    EXPECT_EQ(crypto_pwhash_argon2id_str_verify(hash.c_str(), "correct horse", 13), 0);
    EXPECT_NE(hash, hash_password("correct horse", random, cheap).value());
    char theirs[crypto_pwhash_argon2id_STRBYTES];
    ASSERT_EQ(crypto_pwhash_argon2id_str(theirs, "correct horse", 13, 1, 8192), 0);
    EXPECT_TRUE(verify_password(theirs, "correct horse"));
    EXPECT_FALSE(verify_password(theirs, "correct horsE"));
}

TEST(Password, verifies_its_own_and_refuses_all_else) {
    SystemRandom random;
    const auto hash = hash_password("pass", random, cheap).value();
    EXPECT_TRUE(verify_password(hash, "pass"));
    for (const auto* wrong : {"", "Pass", "pass ", "passs"}) {
        EXPECT_FALSE(verify_password(hash, wrong)) << wrong;
    }
    for (std::size_t i = 0; i < hash.size(); ++i) {
        auto changed = hash;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(verify_password(changed, "pass")) << changed;
    }
    for (const auto* bad : {"",
                            "x",
                            "$argon2id$v=19$m=99999999999,t=1,p=1$AAAA$AAAA",
                            "$argon2id$v=19$m=8,t=99,p=1$AAAA$AAAA"}) {
        EXPECT_FALSE(verify_password(bad, "pass")) << bad;
    }
    EXPECT_EQ(hash_password("", random, cheap).error().code, "vault.bad_password");
    EXPECT_EQ(hash_password(std::string(1025, 'x'), random, cheap).error().code,
              "vault.bad_password");
}

}  // namespace
}  // namespace bulla::vault

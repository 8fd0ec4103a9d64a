#include "base/encoding.h"
#include "keydir/load.h"
#include "keydir/make.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace bulla::keydir {
namespace {

namespace fs = std::filesystem;
using dkim::Algorithm;

class KeyDir : public testing::Test {
  protected:
    void SetUp() override {
        std::string path = testing::TempDir() + "keydirXXXXXX";
        ASSERT_NE(::mkdtemp(path.data()), nullptr);
        root_ = path;
    }

    void TearDown() override { fs::remove_all(root_); }

    [[nodiscard]] KeyDirectory directory(bool allow_readable = false) const {
        return {.path = root_.string(), .allow_readable = allow_readable};
    }

    MadeKey make(std::string_view selector,
                 crypto::KeyType type,
                 std::string_view domain = "example.com") {
        auto made = make_key({.directory = root_.string(),
                              .domain = DomainName::parse(domain).value(),
                              .selector = Selector::parse(selector).value(),
                              .type = type});
        EXPECT_TRUE(made) << made.error().text;
        return made.value_or(MadeKey{});
    }

    // "" if the key can be used, else the code of the refusal; its text names the path.
    std::string code(std::string_view selector,
                     Algorithm algorithm = Algorithm::ed25519_sha256,
                     std::string_view domain = "example.com",
                     bool allow_readable = false) {
        const auto key = load_key(directory(allow_readable),
                                  DomainName::parse(domain).value(),
                                  Selector::parse(selector).value(),
                                  algorithm);
        if (key) {
            return "";
        }
        EXPECT_NE(key.error().text.find(root_.string()), std::string::npos) << key.error().text;
        return std::string(key.error().code);
    }

    // A file at the place of a key.
    fs::path put(std::string_view selector, std::string_view content, mode_t mode = 0600) {
        const fs::path folder = root_ / "example.com";
        fs::create_directories(folder);
        const fs::path path = folder / selector;
        std::ofstream(path) << content;
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
        return path;
    }

    fs::path root_;
};

std::string contents(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string openssl(const std::string& arguments) {
    const std::string command = "openssl " + arguments + " 2>/dev/null";
    FILE* pipe = ::popen(command.c_str(), "r");  // NOLINT(cert-env33-c): a fixed command
    std::string out;
    std::array<char, 4096> block{};
    std::size_t got = 0;
    while ((got = std::fread(block.data(), 1, block.size(), pipe)) > 0) {
        out.append(block.data(), got);
    }
    EXPECT_EQ(::pclose(pipe), 0);
    return out;
}

mode_t mode_of(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777U;
}

TEST_F(KeyDir, DK_13_a_pair_is_made_in_the_layout_and_can_be_used) {
    const auto rsa = make("default", crypto::KeyType::rsa);
    const auto ed = make("eddy", crypto::KeyType::ed25519);
    EXPECT_EQ(fs::read_symlink(rsa.link), "rsa.private_default");
    EXPECT_EQ(fs::read_symlink(ed.link), "ed25519.private_eddy");
    EXPECT_EQ(mode_of(rsa.private_file), 0600U);
    EXPECT_EQ(mode_of((root_ / "example.com").string()), 0700U);
    EXPECT_EQ(code("default", Algorithm::rsa_sha256), "");
    EXPECT_EQ(code("eddy"), "");
    const auto key = crypto::load_private_key(ed.link).value();
    EXPECT_EQ(base64_decode(contents(ed.public_file).substr(0, 44)).value(),
              key->public_key().ed25519_raw());
    const auto der =
        base64_decode(contents(rsa.public_file).substr(0, contents(rsa.public_file).size() - 1));
    EXPECT_EQ(crypto::PublicKey::parse_der(der.value()).value().fingerprint(), rsa.fingerprint);
    // RFC 1035 3.3: a string of a TXT record has at most 255 octets.
    EXPECT_TRUE(rsa.zone_line.starts_with("default._domainkey.example.com. "));
    EXPECT_NE(rsa.zone_line.find("\" \""), std::string::npos);
}

TEST_F(KeyDir, DK_13_nothing_is_overwritten_and_no_half_is_left) {
    const auto made = make("eddy", crypto::KeyType::ed25519);
    const auto before = contents(made.private_file);
    MakeOptions options{.directory = root_.string(),
                        .domain = DomainName::parse("example.com").value(),
                        .selector = Selector::parse("eddy").value(),
                        .type = crypto::KeyType::ed25519};
    EXPECT_EQ(make_key(options).error().code, "file.exists");
    // The link alone is taken: the pair is taken away again, the other one stays.
    options.type = crypto::KeyType::rsa;
    EXPECT_EQ(make_key(options).error().code, "file.exists");
    EXPECT_FALSE(fs::exists(root_ / "example.com/rsa.private_eddy"));
    EXPECT_FALSE(fs::exists(root_ / "example.com/rsa.public_eddy"));
    EXPECT_EQ(contents(made.private_file), before);
    options.owner = "no-such-user";
    EXPECT_EQ(make_key(options).error().code, "keydir.no_user");
}

TEST_F(KeyDir, DK_12_domains_share_the_directory_that_they_are_linked_to) {
    make("eddy", crypto::KeyType::ed25519);
    fs::create_symlink("example.com", root_ / "example.net");
    EXPECT_EQ(code("eddy", Algorithm::ed25519_sha256, "example.net"), "");
    EXPECT_TRUE(has_domain(directory(), DomainName::parse("example.net").value()));
    EXPECT_FALSE(has_domain(directory(), DomainName::parse("example.org").value()));
}

TEST_F(KeyDir, DK_12_links_that_lead_nowhere) {
    make("eddy", crypto::KeyType::ed25519);
    EXPECT_EQ(code("other"), "keydir.absent");
    EXPECT_EQ(code("eddy", Algorithm::ed25519_sha256, "example.org"), "keydir.absent");
    fs::create_symlink("ed25519.private_gone", root_ / "example.com/gone");
    EXPECT_EQ(code("gone"), "keydir.dangling");
    fs::create_symlink("gone.example", root_ / "example.org");
    EXPECT_EQ(code("eddy", Algorithm::ed25519_sha256, "example.org"), "keydir.dangling");
    EXPECT_TRUE(has_domain(directory(), DomainName::parse("example.org").value()));
    fs::create_symlink("b", root_ / "example.com/a");
    fs::create_symlink("a", root_ / "example.com/b");
    EXPECT_EQ(code("a"), "keydir.loop");
}

TEST_F(KeyDir, DK_12_keys_that_others_can_read_or_write_are_refused) {
    const auto made = make("eddy", crypto::KeyType::ed25519);
    for (const mode_t mode : {0640, 0604}) {
        ASSERT_EQ(::chmod(made.private_file.c_str(), mode), 0);
        EXPECT_EQ(code("eddy"), "keydir.open_to_others");
        EXPECT_EQ(code("eddy", Algorithm::ed25519_sha256, "example.com", true), "") << "the switch";
    }
    for (const mode_t mode : {0620, 0602}) {
        ASSERT_EQ(::chmod(made.private_file.c_str(), mode), 0);
        EXPECT_EQ(code("eddy", Algorithm::ed25519_sha256, "example.com", true),
                  "keydir.open_to_others");
    }
    ASSERT_EQ(::chmod(made.private_file.c_str(), 0600), 0);
    ASSERT_EQ(::chmod((root_ / "example.com").c_str(), 0702), 0);
    EXPECT_EQ(code("eddy"), "keydir.open_to_others");
}

TEST_F(KeyDir, DK_12_keys_that_belong_to_somebody_else_are_refused) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "only root can give a file away";
    }
    const auto made = make("eddy", crypto::KeyType::ed25519);
    ASSERT_EQ(::chown(made.private_file.c_str(), 12345, 12345), 0);
    EXPECT_EQ(code("eddy"), "keydir.owner");
    ASSERT_EQ(::chown(root_.c_str(), 12345, 12345), 0);
    EXPECT_EQ(code("eddy"), "") << "the directory's owner, such as qmailq, has a say";
}

TEST_F(KeyDir, DK_12_what_is_no_key_for_the_algorithm_is_refused) {
    make("eddy", crypto::KeyType::ed25519);
    EXPECT_EQ(code("eddy", Algorithm::rsa_sha256), "keydir.wrong_type");
    fs::create_directory(root_ / "example.com/folder");
    EXPECT_EQ(code("folder"), "keydir.not_regular");
    ASSERT_EQ(::mkfifo((root_ / "example.com/fifo").c_str(), 0600), 0);
    EXPECT_EQ(code("fifo"), "keydir.not_regular");
    put("text", "not a key\n");
    EXPECT_EQ(code("text"), "key.bad_pem");
    put("weak", openssl("genrsa -traditional 512"));
    EXPECT_EQ(code("weak", Algorithm::rsa_sha256), "key.weak");
    put("ec", openssl("ecparam -name prime256v1 -genkey -noout"));
    EXPECT_EQ(code("ec"), "keydir.wrong_type");
    put("traditional", openssl("genrsa -traditional 2048"));
    EXPECT_EQ(code("traditional", Algorithm::rsa_sha256), "");
}

TEST_F(KeyDir, DK_12_a_key_of_16384_bits_is_refused) {
    put("huge", contents("tests/data/keys/rsa16384.pem"));
    EXPECT_EQ(code("huge", Algorithm::rsa_sha256), "key.unsupported");
}

TEST_F(KeyDir, DK_12_a_key_replaced_while_running_is_read_anew) {
    make("a", crypto::KeyType::ed25519);
    make("b", crypto::KeyType::ed25519);
    const auto read = [&] {
        return load_key(directory(),
                        DomainName::parse("example.com").value(),
                        Selector::parse("a").value(),
                        Algorithm::ed25519_sha256)
            .value()
            ->public_key()
            .fingerprint();
    };
    const auto before = read();
    fs::create_symlink("ed25519.private_b", root_ / "example.com/next");
    fs::rename(root_ / "example.com/next", root_ / "example.com/a");
    EXPECT_NE(read(), before);
}

TEST_F(KeyDir, DK_19_a_file_may_name_a_key_in_a_token) {
    const auto key = crypto::PrivateKey::generate(crypto::KeyType::ed25519).value();
    std::string asked;
    const auto load = [&](Algorithm algorithm) -> std::string {
        const auto found = load_signer(
            directory(),
            DomainName::parse("example.com").value(),
            Selector::parse("t1").value(),
            algorithm,
            [&](const std::string& uri) -> Result<std::shared_ptr<const crypto::Signer>> {
                asked = uri;
                if (uri.ends_with("away")) {
                    return fail("pkcs11.token_away", Fault::us, "it is away");
                }
                return key;
            });
        return found ? "" : std::string(found.error().code);
    };
    put("t1", "pkcs11:token=mail;object=t1\n");
    EXPECT_EQ(load(Algorithm::ed25519_sha256), "");
    EXPECT_EQ(asked, "pkcs11:token=mail;object=t1");
    EXPECT_EQ(load(Algorithm::rsa_sha256), "keydir.wrong_type");
    // Who has no way to tokens, as bulla-qmail, says so.
    EXPECT_EQ(code("t1"), "keydir.in_token");
    put("t1", "pkcs11:token=mail;object=away");
    EXPECT_EQ(load(Algorithm::ed25519_sha256), "pkcs11.token_away");
    put("t1", "pkcs11:token=mail;object=t1\npkcs11:token=mail;object=t2\n");
    EXPECT_EQ(load(Algorithm::ed25519_sha256), "keydir.bad_uri");
    put("t1", "pkcs11:token=mail;object=t1\n", 0644);
    EXPECT_EQ(load(Algorithm::ed25519_sha256), "keydir.open_to_others");
    asked.clear();
    make("t2", crypto::KeyType::ed25519);
    EXPECT_EQ(code("t2"), "");
    put("t1", contents((root_ / "example.com" / "t2").string()));
    EXPECT_EQ(load(Algorithm::ed25519_sha256), "");
    EXPECT_EQ(asked, "");
}

}  // namespace
}  // namespace bulla::keydir

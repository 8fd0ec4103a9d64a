#include "directory/signing_policy.h"

#include "keydir/make.h"
#include "pkcs11/testing.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sys/stat.h>

namespace bulla::directory {
namespace {

namespace fs = std::filesystem;

DomainName domain(std::string_view text) {
    return DomainName::parse(text).value();
}

class SigningPolicyTest : public ::testing::Test {
  public:
    SigningPolicyTest() {
        std::string pattern = (fs::temp_directory_path() / "bulla-policy-XXXXXX").string();
        top_ = ::mkdtemp(pattern.data());
        files_ = {.file = (top_ / "dkimdomains").string(),
                  .text = {},
                  .key_directory = (top_ / "keys").string(),
                  .me = domain("mx.example.org")};
        make("example.com", "s1", crypto::KeyType::rsa);
        make("example.com", "e1", crypto::KeyType::ed25519);
        write("example.com:s1,e1\n");
    }

    ~SigningPolicyTest() override { fs::remove_all(top_); }

  protected:
    void make(std::string_view name, std::string_view selector, crypto::KeyType type) const {
        ASSERT_TRUE(keydir::make_key({.directory = files_.key_directory,
                                      .domain = domain(name),
                                      .selector = Selector::parse(selector).value(),
                                      .type = type}));
    }

    void write(std::string_view text) const { std::ofstream(files_.file) << text; }

    std::shared_ptr<const SigningPolicy> load(const SigningPolicy* previous = nullptr) {
        problems_.clear();
        return SigningPolicy::load(files_, previous, problems_);
    }

    // The key of the first signature for `name`, or what is wrong with it.
    static std::string find(const SigningPolicy& policy, std::string_view name, std::size_t i = 0) {
        const auto sender = domain(name);
        const auto* entry =
            policy.domains().decide(&sender, [](const DomainName&) { return false; });
        if (entry == nullptr) {
            return "no entry";
        }
        const auto found = policy.find_key(&sender, entry->signatures.at(i), {});
        return found ? found->owner.ascii() : std::string(found.error().code);
    }

    fs::path top_;
    PolicySource files_;
    std::vector<std::string> problems_;
};

TEST_F(SigningPolicyTest, c4_1_DK_16_keys_are_found_by_file) {
    const auto policy = load();
    EXPECT_EQ(policy->broken(), "");
    EXPECT_TRUE(problems_.empty());
    EXPECT_EQ(find(*policy, "example.com", 0), "example.com");
    EXPECT_EQ(find(*policy, "example.com", 1), "example.com");
    EXPECT_EQ(find(*policy, "example.net"), "no entry");
}

TEST_F(SigningPolicyTest, c4_1_a_broken_file_leaves_the_policy_in_force) {
    const auto first = load();
    write("example.com:s1\nexample com:s1\n");
    const auto second = load(first.get());
    EXPECT_EQ(find(*second, "example.com", 1), "example.com") << "as before";
    ASSERT_EQ(problems_.size(), 1U);
    EXPECT_TRUE(problems_[0].contains(files_.file + ":2:8: ")) << problems_[0];
    fs::remove(files_.file);
    EXPECT_EQ(find(*load(second.get()), "example.com", 1), "example.com");
    // At a start there is nothing to keep: nothing may go out unsigned as if that were meant.
    const auto cold = load();
    EXPECT_NE(cold->broken(), "");
    EXPECT_EQ(problems_.size(), 1U);
    write("example.com:s1\n");
    EXPECT_EQ(load(cold.get())->broken(), "");
}

TEST_F(SigningPolicyTest, c4_2_only_what_changed_is_read_anew) {
    const auto first = load();
    const auto sender = domain("example.com");
    const auto& planned = first->domains().decide(&sender, [](auto&) { return false; })->signatures;
    const auto rsa = first->find_key(&sender, planned[0], {})->key;
    const auto eddy = first->find_key(&sender, planned[1], {})->key;
    EXPECT_EQ(first->find_key(&sender, planned[0], {})->key, rsa) << "kept";
    // Another key takes the place of one of them.
    const auto folder = fs::path(files_.key_directory) / "example.com";
    make("other.example", "e1", crypto::KeyType::ed25519);
    fs::rename(fs::path(files_.key_directory) / "other.example/ed25519.private_e1",
               folder / "ed25519.private_e1");
    EXPECT_EQ(first->find_key(&sender, planned[1], {})->key, eddy) << "until the next reload";
    const auto second = load(first.get());
    EXPECT_EQ(second->find_key(&sender, planned[0], {})->key, rsa);
    EXPECT_NE(second->find_key(&sender, planned[1], {})->key, eddy);
}

// Whatever is wrong with one key is told with its path and harms no other domain.
TEST_F(SigningPolicyTest, c4_2_bad_key_files) {
    struct Row {
        const char* what;
        void (*harm)(const fs::path& folder);
        const char* code;
    };

    static constexpr auto key_file = "rsa.private_s1";
    const Row rows[] = {
        {"gone", [](const fs::path& f) { fs::remove(f / "s1"); }, "keydir.absent"},
        {"a dangling link", [](const fs::path& f) { fs::remove(f / key_file); }, "keydir.dangling"},
        {"a loop of links",
         [](const fs::path& f) {
             fs::remove(f / key_file);
             fs::create_symlink("s1", f / key_file);
         },
         "keydir.loop"},
        {"open to others",
         [](const fs::path& f) { fs::permissions(f / key_file, fs::perms(0644)); },
         "keydir.open_to_others"},
        {"a folder open to others",
         [](const fs::path& f) { fs::permissions(f, fs::perms(0777)); },
         "keydir.open_to_others"},
        {"a directory",
         [](const fs::path& f) {
             fs::remove(f / key_file);
             fs::create_directory(f / key_file);
         },
         "keydir.not_regular"},
        {"the wrong type",
         [](const fs::path& f) {
             fs::remove(f / "s1");
             fs::create_symlink("ed25519.private_e1", f / "s1");
         },
         "keydir.wrong_type"},
        {"no key",
         [](const fs::path& f) { std::ofstream(f / key_file) << "no key"; },
         "key.bad_pem"},
        {"of 512 bits",
         [](const fs::path& f) {
             fs::copy_file(
                 "tests/data/keys/rsa512.pem", f / key_file, fs::copy_options::overwrite_existing);
             fs::permissions(f / key_file, fs::perms(0600));
         },
         "key.weak"},
        {"of 16384 bits",
         [](const fs::path& f) {
             fs::copy_file("tests/data/keys/rsa16384.pem",
                           f / key_file,
                           fs::copy_options::overwrite_existing);
             fs::permissions(f / key_file, fs::perms(0600));
         },
         "key.unsupported"},
    };
    make("good.example", "s1", crypto::KeyType::rsa);
    write("*:s1\n");
    for (const Row& row : rows) {
        const auto folder = fs::path(files_.key_directory) / "bad.example";
        fs::remove_all(folder);
        make("bad.example", "s1", crypto::KeyType::rsa);
        make("bad.example", "e1", crypto::KeyType::ed25519);
        row.harm(folder);
        const auto policy = load();
        EXPECT_EQ(find(*policy, "bad.example"), row.code) << row.what;
        EXPECT_EQ(find(*policy, "good.example"), "good.example") << row.what;
        // Mended, it is used after the next reload.
        fs::permissions(folder, fs::perms(0700));
        fs::remove_all(folder);
        make("bad.example", "s1", crypto::KeyType::rsa);
        EXPECT_EQ(find(*load(policy.get()), "bad.example"), "bad.example") << row.what;
    }
}

TEST_F(SigningPolicyTest, c4_2_DK_12_domains_share_keys_by_a_link) {
    write("*:s1\n");
    fs::create_directory_symlink("example.com", fs::path(files_.key_directory) / "shared.example");
    EXPECT_EQ(find(*load(), "shared.example"), "shared.example");
    EXPECT_EQ(find(*load(), "below.example.com"), "example.com") << "the nearest parent's";
    EXPECT_EQ(find(*load(), "other.example"), "keydir.absent");
    make("mx.example.org", "s1", crypto::KeyType::rsa);
    EXPECT_EQ(find(*load(), "other.example"), "mx.example.org") << "the mail server's own";
}

TEST_F(SigningPolicyTest, DK_19_a_file_names_a_key_in_a_token_which_may_come_later) {
    pkcs11::TestToken token;
    token.make_rsa({.label = "t1"});
    files_.pkcs11_modules = pkcs11::TestToken::access().modules;
    const auto path = top_ / "keys/example.com/t1";
    std::ofstream(path) << token.uri("t1") << '\n';
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    write("example.com:t1\n");
    token.hide(true);
    const auto policy = load();
    EXPECT_TRUE(problems_.empty());
    EXPECT_EQ(find(*policy, "example.com"), "pkcs11.token_away");
    // No reload is needed.
    token.hide(false);
    EXPECT_EQ(find(*policy, "example.com"), "example.com");
    const auto sender = domain("example.com");
    const auto planned =
        policy->domains().decide(&sender, [](const DomainName&) { return false; })->signatures;
    const auto key = policy->find_key(&sender, planned.front(), {})->key;
    EXPECT_TRUE(key->public_key().verify_message("x", key->sign_message("x").value()));
    EXPECT_EQ(load(policy.get())->find_key(&sender, planned.front(), {})->key, key);
}

}  // namespace
}  // namespace bulla::directory

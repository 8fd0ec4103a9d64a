#include "gateway/exits/maildir.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

namespace bulla::gateway {
namespace {

namespace fs = std::filesystem;

class Maildir : public ::testing::Test {
  public:
    Maildir() {
        std::string pattern = (fs::temp_directory_path() / "bulla-maildir-XXXXXX").string();
        top_ = mkdtemp(pattern.data());
    }

    Maildir(const Maildir&) = delete;
    Maildir& operator=(const Maildir&) = delete;

    ~Maildir() override { fs::remove_all(top_); }

    static std::string read(const fs::path& path) {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    static std::size_t files(const fs::path& directory) {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(directory), fs::directory_iterator{}));
    }

    fs::path top_;
};

TEST_F(Maildir, c2_8_no_address_leaves_its_place) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"anna@example.test", "/mail/example.test/anna"},
        {"Anna.B+tag@Example.TEST", "/mail/example.test/anna.b+tag"},
        {"\"../../etc/x\"@example.test", "/mail/example.test/%2E.%2F..%2Fetc%2Fx"},
        {"\"..\"@example.test", "/mail/example.test/%2E."},
        {"\".hidden\"@example.test", "/mail/example.test/%2Ehidden"},
        {"\"a b\"@example.test", "/mail/example.test/a%20b"},
        {"\"{domain}\"@example.test", "/mail/example.test/%7Bdomain%7D"},
        {"a%b@example.test", "/mail/example.test/a%25b"},
    };
    for (const auto& [address, path] : cases) {
        const auto mailbox = Mailbox::parse(address);
        ASSERT_TRUE(mailbox) << address;
        EXPECT_EQ(maildir_path("/mail/{domain}/{local}", *mailbox).value(), path);
    }
}

TEST_F(Maildir, c2_8_stored_with_lf_whole_and_private) {
    const auto box = (top_ / "example.test" / "anna").string();
    const std::array<std::string_view, 3> pieces{"A: 1\r\n", "B: 2\r\n\r", "\ntext\r\n"};
    ASSERT_TRUE(store_in_maildir(box, "1.X", pieces));
    EXPECT_EQ(read(box + "/new/1.X"), "A: 1\nB: 2\n\ntext\n");
    EXPECT_EQ(files(box + "/tmp"), 0U);
    struct stat info{};
    ASSERT_EQ(stat((box + "/new/1.X").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
    ASSERT_EQ(stat(box.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0700U);
}

TEST_F(Maildir, c2_8_an_attempt_made_twice_makes_one_mail) {
    const auto box = (top_ / "anna").string();
    const std::array<std::string_view, 1> pieces{"A: 1\r\n\r\n"};
    ASSERT_TRUE(store_in_maildir(box, "1.X", pieces));
    ASSERT_TRUE(store_in_maildir(box, "1.X", pieces));
    EXPECT_EQ(files(box + "/new"), 1U);
}

TEST_F(Maildir, c2_8_a_directory_that_cannot_be_made_is_a_fault_with_its_path) {
    std::ofstream(top_ / "file") << "in the way";
    const std::array<std::string_view, 1> pieces{"A: 1\r\n\r\n"};
    const auto outcome = store_in_maildir((top_ / "file" / "anna").string(), "1.X", pieces);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, "exit.maildir");
    EXPECT_NE(outcome.error().text.find((top_ / "file").string()), std::string::npos);
}

TEST_F(Maildir, c2_8_large_messages_in_pieces_of_any_size) {
    std::string message;
    std::string expected;
    for (int i = 0; i < 40000; ++i) {
        message += "line " + std::to_string(i) + "\r\n";
        expected += "line " + std::to_string(i) + "\n";
    }
    const std::array<std::string_view, 1> pieces{message};
    ASSERT_TRUE(store_in_maildir((top_ / "anna").string(), "1.X", pieces));
    EXPECT_EQ(read(top_ / "anna" / "new" / "1.X"), expected);
}

}  // namespace
}  // namespace bulla::gateway

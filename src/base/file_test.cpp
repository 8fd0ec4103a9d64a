#include "base/file.h"

#include "base/system_text.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

namespace bulla {
namespace {

class File : public testing::Test {
  public:
    File() : path_(testing::TempDir() + "bulla_file_" + std::to_string(getpid())) {}

    ~File() override { std::filesystem::remove_all(path_); }

    void write(std::string_view text, mode_t mode) const {
        std::ofstream(path_, std::ios::binary) << text;
        ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    }

    std::string path_;
};

TEST_F(File, Reads_up_to_the_limit_and_not_one_octet_more) {
    write("12345678", 0600);
    EXPECT_EQ(load_secret_file(path_, 8, FileAccess::owner_only).value().view(), "12345678");
    EXPECT_EQ(load_secret_file(path_, 7, FileAccess::owner_only).error().code, "file.too_large");
}

TEST_F(File, Refuses_a_secret_that_others_can_reach) {
    for (const auto mode : {0640, 0604, 0620, 0601}) {
        write("secret", static_cast<mode_t>(mode));
        const auto result = load_secret_file(path_, 100, FileAccess::owner_only);
        ASSERT_FALSE(result) << mode;
        EXPECT_EQ(result.error().code, "file.world_readable");
        EXPECT_EQ(result.error().text.find("secret\n"), std::string::npos);
        EXPECT_TRUE(load_secret_file(path_, 100, FileAccess::anybody)) << mode;
    }
    write("secret", 0400);
    EXPECT_TRUE(load_secret_file(path_, 100, FileAccess::owner_only));
}

TEST_F(File, Refuses_what_is_no_file) {
    EXPECT_EQ(load_secret_file(path_, 100, FileAccess::anybody).error().code, "file.unreadable");
    ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
    EXPECT_EQ(load_secret_file(path_, 100, FileAccess::anybody).error().code, "file.not_regular");
    EXPECT_EQ(load_secret_file("/", 100, FileAccess::anybody).error().code, "file.not_regular");
}

TEST(SystemText, Says_what_an_error_means_and_never_nothing) {
    EXPECT_EQ(system_text(ENOENT), "No such file or directory");
    EXPECT_EQ(system_text(99999), "error 99999");
}

}  // namespace
}  // namespace bulla

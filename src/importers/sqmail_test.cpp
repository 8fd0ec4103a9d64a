#include "importers/sqmail.h"

#include "importers/test_support.h"
#include "keydir/make.h"

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace bulla::importers {
namespace {

// keydir reads from the disk: a home there, gone when the test ends.
class Home {
  public:
    Home()
        : path_(std::filesystem::temp_directory_path() /
                ("bulla-sqmail-" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(path_ / "control");
    }

    Home(const Home&) = delete;
    Home& operator=(const Home&) = delete;

    ~Home() { std::filesystem::remove_all(path_); }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(path_ / "control" / name) << text;
    }

    void make_key(const char* domain, const char* selector, crypto::KeyType type) const {
        ASSERT_TRUE(keydir::make_key({.directory = path_ / "ssl/domainkeys",
                                      .domain = DomainName::parse(domain).value(),
                                      .selector = Selector::parse(selector).value(),
                                      .type = type}));
    }

    [[nodiscard]] ImportPlan import() const { return import_sqmail(DiskFiles(), path_); }

    [[nodiscard]] std::string path() const { return path_; }

  private:
    std::filesystem::path path_;
};

TEST(Sqmail, GW_12_bulla_is_pointed_at_the_files) {
    const Home home;
    std::filesystem::create_directories(home.path() + "/ssl");
    home.make_key("example.com", "s1", crypto::KeyType::ed25519);
    home.write("me", "mx.example.com\n");
    home.write("rcpthosts", "example.com\n#x\n.example.org\n");
    home.write("dkimdomains",
               "=:s1||||q:4\n!example.net:\nexample.com:s1||||r:4\n.example.com:s1||||:4\n");
    auto plan = home.import();
    EXPECT_TRUE(says(plan, Severity::error, "dkimdomains:1:"));
    home.write("dkimdomains",
               "=:s1||||r:4\n!example.net:\nexample.com:s1||||r:4\n.example.com:s1||||:4\n");
    plan = home.import();
    EXPECT_EQ(plan.count(Severity::error), 0U);
    EXPECT_EQ(setting_of(plan, "dkim_policy_file"), home.path() + "/control/dkimdomains");
    EXPECT_EQ(setting_of(plan, "dkim_key_directory"), home.path() + "/ssl/domainkeys");
    ASSERT_EQ(plan.domains.size(), 1U);
    EXPECT_EQ(plan.domains[0].ascii(), "example.com");
    EXPECT_TRUE(says(plan, Severity::differs, "rcpthosts:3:1: the domains below"));
}

TEST(Sqmail, GW_12_keys_are_looked_at_line_by_line) {
    const Home home;
    std::filesystem::create_directories(home.path() + "/ssl");
    home.make_key("example.com", "e1", crypto::KeyType::ed25519);
    home.make_key("mx.example.net", "m1", crypto::KeyType::ed25519);
    home.write("me", "mx.example.net\n");
    home.write("dkimdomains", "example.com:e1\nexample.com:missing\nother.com:x\n*:m1||||:4\n");
    const auto plan = home.import();
    EXPECT_TRUE(says(plan,
                     Severity::error,
                     "dkimdomains:1:1: " + home.path() +
                         "/ssl/domainkeys/example.com/e1 holds a key of type ed25519"));
    EXPECT_TRUE(
        says(plan,
             Severity::error,
             "dkimdomains:3:1: " + home.path() + "/ssl/domainkeys/mx.example.net/x is not there"));
    EXPECT_TRUE(
        says(plan, Severity::differs, "`hostname` of bulla.toml, which has to be mx.example.net"));
    EXPECT_FALSE(says(plan, Severity::error, "dkimdomains:4:"));
}

TEST(Sqmail, GW_12_without_dkimdomains_there_is_nothing) {
    const Home home;
    const auto plan = home.import();
    EXPECT_TRUE(plan.settings.empty());
    EXPECT_TRUE(says(plan, Severity::error, "control/dkimdomains: cannot read"));
}

}  // namespace
}  // namespace bulla::importers

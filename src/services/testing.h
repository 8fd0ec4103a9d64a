#pragma once
#include "services/init.h"
#include "services/instance.h"
#include "services/service.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <unistd.h>

/// What the tests of the services share.
namespace bulla::services::testing {

/// A folder of its own that goes with the object.
class Folder {
  public:
    Folder() {
        static std::atomic<int> count = 0;
        path_ = std::filesystem::temp_directory_path() /
                ("bulla-services-" + std::to_string(::getpid()) + "-" + std::to_string(++count));
        std::filesystem::create_directories(path_);
    }

    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    [[nodiscard]] std::string path() const { return path_.string(); }

  private:
    std::filesystem::path path_;
};

/// An instance made by init, opened as owner, whose services are called as "cli:test".
class TestInstance {
  public:
    TestInstance() {
        const auto report = init_instance({.directory = folder.path() + "/i",
                                           .domain = DomainName::parse("example.test").value(),
                                           .admin = Mailbox::parse("admin@example.test").value(),
                                           .hostname = "mail.example.test",
                                           .kdf = {.passes = 1, .memory = 8U << 20U}},
                                          clock,
                                          random);
        EXPECT_TRUE(report) << report.error().text;
        init = *report;
        config = config::load_config(init.config_path).value();
        open();
    }

    void open() {
        auto opened =
            Instance::open(config, {.mode = OpenMode::owner, .become_owner = false}, clock, random);
        EXPECT_TRUE(opened) << opened.error().text;
        instance = std::move(*opened);
        context = instance->make_context(nullptr);
    }

    void close() {
        context.reset();
        instance.reset();
    }

    Result<nlohmann::json> call(std::string_view name,
                                const nlohmann::json& arguments = nlohmann::json::object()) const {
        return call_service(*context, Caller{"cli:test"}, name, arguments);
    }

    /// The code of the error that a call must give; "" if it gave none.
    std::string error_of(std::string_view name,
                         const nlohmann::json& arguments = nlohmann::json::object()) const {
        const auto result = call(name, arguments);
        return result ? "" : std::string(result.error().code);
    }

    Folder folder;
    ManualClock clock{SystemClock().now()};
    SystemRandom random;
    InitReport init;
    config::Config config;
    std::unique_ptr<Instance> instance;
    std::unique_ptr<ServiceContext> context;
};

}  // namespace bulla::services::testing

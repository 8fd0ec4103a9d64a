#pragma once
#include "crypto/key.h"
#include "qmail/machine.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace bulla::qmail::testing {

/// A machine in memory, which lets the operation number `fail_at` (from 1) fail.
class TestMachine final : public Machine {
  public:
    std::map<std::string, std::string> files{};  ///< By path; the stage files too.
    std::map<std::string, std::shared_ptr<crypto::PrivateKey>> keys{};  ///< "example.com/default"
    std::string message = "From: a@example.com\nSubject: x\n\nhi\n";
    std::set<std::int64_t> alive{};
    std::size_t fail_at = 0;
    std::size_t operations = 0;

    std::string reported{};
    std::vector<std::string> logged{};
    std::vector<std::string> ran{};
    std::string given{};  ///< What the program that took over read.

    Result<void> change_directory(const std::string& /*path*/) override { return step(); }

    Result<std::optional<std::string>> read_file(const std::string& path) override {
        BULLA_CHECK(step());
        const auto found = files.find(path);
        return found == files.end() ? std::optional<std::string>{} : std::optional(found->second);
    }

    bool has_key_directory(const DomainName& domain) override {
        const auto found = keys.lower_bound(domain.ascii() + "/");
        return found != keys.end() && found->first.starts_with(domain.ascii() + "/");
    }

    Result<std::shared_ptr<crypto::PrivateKey>> load_key(const DomainName& domain,
                                                         const Selector& selector,
                                                         dkim::Algorithm /*algorithm*/) override {
        BULLA_CHECK(step());
        const auto found = keys.find(domain.ascii() + "/" + selector.text());
        if (found == keys.end()) {
            return fail("keydir.absent", Fault::us, "is not there");
        }
        return found->second;
    }

    Result<std::string> read_message() override {
        BULLA_CHECK(step());
        return message;
    }

    std::vector<std::string> list(const std::string& directory) override {
        std::vector<std::string> names{".", ".."};
        for (const auto& [path, text] : files) {
            if (path.starts_with(directory + "/")) {
                names.push_back(path.substr(directory.size() + 1));
            }
        }
        return names;
    }

    bool is_alive(std::int64_t process) override { return alive.contains(process); }

    std::int64_t own_process() override { return 4711; }

    Result<void> create_stage(const std::string& path) override {
        BULLA_CHECK(step());
        files[path] = "";
        stage_ = path;
        return {};
    }

    Result<void> write_stage(std::string_view bytes) override {
        BULLA_CHECK(step());
        files[stage_].append(bytes);
        return {};
    }

    Result<void> stage_becomes_input() override {
        BULLA_CHECK(step());
        message = files[stage_];
        return {};
    }

    Result<void> remove(const std::string& path) override {
        BULLA_CHECK(step());
        files.erase(path);
        return {};
    }

    Result<void> run(const std::string& program,
                     const std::vector<std::string>& arguments) override {
        BULLA_CHECK(step());
        ran = arguments;
        ran.insert(ran.begin(), program);
        given = message;
        return {};
    }

    void report(std::string_view text) override { reported.append(text); }

    void log(std::string_view text) override { logged.emplace_back(text); }

    [[nodiscard]] bool failed() const { return fail_at != 0 && operations >= fail_at; }

  private:
    [[nodiscard]] Result<void> step() {
        if (++operations == fail_at) {
            return fail("test.failed", Fault::us, "this operation fails");
        }
        return {};
    }

    std::string stage_;
};

}  // namespace bulla::qmail::testing

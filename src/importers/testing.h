#pragma once
#include "importers/files.h"

#include <map>
#include <set>
#include <string>
#include <utility>

namespace bulla::importers {

/// Files in memory; for tests and fuzzers.
class MemoryFiles final : public Files {
  public:
    explicit MemoryFiles(std::map<std::string, std::string> texts) : texts_(std::move(texts)) {}

    [[nodiscard]] Result<SecretBytes> read(const std::string& path,
                                           std::size_t limit) const override {
        const auto found = texts_.find(path);
        if (found == texts_.end() || found->second.size() > limit) {
            return fail("file.unreadable", Fault::us, "cannot read " + path);
        }
        return SecretBytes(found->second);
    }

    [[nodiscard]] Result<std::vector<std::string>> list(
        const std::string& directory) const override {
        std::set<std::string> names;
        for (const auto& [path, text] : texts_) {
            if (path.starts_with(directory + "/")) {
                const auto rest = path.substr(directory.size() + 1);
                names.insert(rest.substr(0, rest.find('/')));
            }
        }
        if (names.empty()) {
            return fail("file.unreadable", Fault::us, "cannot read the folder " + directory);
        }
        return std::vector<std::string>(names.begin(), names.end());
    }

    [[nodiscard]] bool exists(const std::string& path) const override {
        return texts_.contains(path) || is_directory(path);
    }

    [[nodiscard]] bool is_directory(const std::string& path) const override {
        const auto next = texts_.lower_bound(path + "/");
        return next != texts_.end() && next->first.starts_with(path + "/");
    }

    [[nodiscard]] bool is_open_to_others(const std::string& path) const override {
        return path.ends_with(".open");
    }

  private:
    std::map<std::string, std::string> texts_;
};

}  // namespace bulla::importers

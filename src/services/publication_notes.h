#pragma once
#include <map>
#include <mutex>
#include <string>

namespace bulla::services {

/// Why records could not be published, by "domain/selector": what the process remembers until it succeeds or ends. Any thread.
class PublicationNotes {
  public:
    /// "" once it succeeded. True if this is news.
    bool note(const std::string& key, const std::string& error) {
        const std::scoped_lock lock(mutex_);
        if (error.empty()) {
            return errors_.erase(key) > 0;
        }
        auto& known = errors_[key];
        const bool news = known != error;
        known = error;
        return news;
    }

    [[nodiscard]] std::string error_of(const std::string& key) const {
        const std::scoped_lock lock(mutex_);
        const auto found = errors_.find(key);
        return found == errors_.end() ? std::string() : found->second;
    }

  private:
    mutable std::mutex mutex_;
    std::map<std::string, std::string> errors_;
};

}  // namespace bulla::services

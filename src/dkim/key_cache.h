#pragma once
#include "base/error.h"
#include "dkim/key_record.h"

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace bulla::dkim {

/// Key records that have been read, by their text: reading an RSA key costs as much as several verifications. The least recently used goes
/// first. It knows nothing of time: whether a record is still published is the resolver's business. May be used from any thread.
class KeyCache {
  public:
    explicit KeyCache(std::size_t capacity = 1000) : capacity_(capacity) {}

    using Entry = std::shared_ptr<const Result<KeyRecord>>;

    /// What parse_key_record makes of `text`; never null.
    [[nodiscard]] Entry find(std::string_view text);
    [[nodiscard]] std::size_t size() const;

  private:
    struct Item {
        std::string text;
        Entry entry;
    };

    std::size_t capacity_;
    mutable std::mutex mutex_;
    std::list<Item> items_;  // the most recently used in front
    std::unordered_map<std::string_view, std::list<Item>::iterator> index_;
};

}  // namespace bulla::dkim

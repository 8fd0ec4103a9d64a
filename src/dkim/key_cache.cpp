#include "dkim/key_cache.h"

namespace bulla::dkim {

KeyCache::Entry KeyCache::find(std::string_view text) {
    {
        const std::scoped_lock lock(mutex_);
        if (const auto found = index_.find(text); found != index_.end()) {
            items_.splice(items_.begin(), items_, found->second);
            return found->second->entry;
        }
    }
    // Read without the lock: another thread may do the same work meanwhile, and the first to come back is kept.
    auto entry = std::make_shared<const Result<KeyRecord>>(parse_key_record(text));
    const std::scoped_lock lock(mutex_);
    if (const auto found = index_.find(text); found != index_.end()) {
        return found->second->entry;
    }
    items_.push_front({.text = std::string(text), .entry = entry});
    index_.emplace(items_.front().text, items_.begin());
    if (items_.size() > capacity_) {
        index_.erase(items_.back().text);
        items_.pop_back();
    }
    return entry;
}

std::size_t KeyCache::size() const {
    const std::scoped_lock lock(mutex_);
    return items_.size();
}

}  // namespace bulla::dkim

#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace bulla::vault {

/// Memory for keys: not swapped out where the limits allow it, between guard pages, wiped when it goes.
class LockedMemory {
  public:
    /// Throws std::bad_alloc.
    explicit LockedMemory(std::size_t size);

    [[nodiscard]] std::span<char> bytes() { return {start_.get(), size_}; }

    [[nodiscard]] std::string_view view() const { return {start_.get(), size_}; }

  private:
    struct Freer {
        void operator()(char* start) const;
    };

    std::unique_ptr<char, Freer> start_;
    std::size_t size_;
};

/// Starts libsodium, once. Throws std::runtime_error if it cannot.
void start_sodium();

}  // namespace bulla::vault

#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace bulla {

/// Overwrites `size` bytes at `data` in a way that the compiler keeps.
void wipe(void* data, std::size_t size);

/// True if both are equal; the time depends on the length of `a` alone.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);

/// Bytes that must not be seen: cannot be copied or printed, and are overwritten when they go.
class SecretBytes {
  public:
    SecretBytes() = default;

    explicit SecretBytes(std::string bytes) : bytes_(std::move(bytes)) {}

    SecretBytes(const SecretBytes&) = delete;
    SecretBytes& operator=(const SecretBytes&) = delete;

    SecretBytes(SecretBytes&& other) noexcept : bytes_(std::move(other.bytes_)) { other.clear(); }

    SecretBytes& operator=(SecretBytes&& other) noexcept {
        if (this != &other) {
            clear();
            bytes_ = std::move(other.bytes_);
            other.clear();
        }
        return *this;
    }

    ~SecretBytes() { clear(); }

    /// A second holder of the same secret; a word in the code, so that copies can be counted.
    [[nodiscard]] SecretBytes duplicate() const { return SecretBytes(bytes_); }

    [[nodiscard]] std::string_view view() const { return bytes_; }

    [[nodiscard]] std::size_t size() const { return bytes_.size(); }

    [[nodiscard]] bool empty() const { return bytes_.empty(); }

    void clear() noexcept {
        // The small-string buffer moves with the object, so the whole capacity is wiped, not the length alone.
        bytes_.resize(bytes_.capacity());
        wipe(bytes_.data(), bytes_.size());
        bytes_.clear();
    }

  private:
    std::string bytes_;
};

}  // namespace bulla

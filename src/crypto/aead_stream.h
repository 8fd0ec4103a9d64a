#pragma once
#include "base/error.h"
#include "crypto/aead.h"

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace bulla::crypto {

/// AES-256-GCM over a text that comes in pieces, each encrypted where it lies: a large body is sealed without a second buffer.
/// One thread at a time; the same octets as aead_seal for the same input.
class AeadStream {
  public:
    /// `key` 32 octets, `nonce` 12 octets. A key must never see a nonce twice.
    AeadStream(std::string_view key, std::string_view nonce, std::string_view associated);
    ~AeadStream();
    AeadStream(const AeadStream&) = delete;
    AeadStream& operator=(const AeadStream&) = delete;

    /// Encrypts the next `size` octets in place.
    void update(char* data, std::size_t size);
    /// The tag over all; called once, at the end.
    [[nodiscard]] std::array<char, aead_tag_size> finish();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Opens what aead_seal or AeadStream made (ciphertext and tag) where it lies and drops the tag. On a wrong key, nonce, tag or associated
/// data: Error aead.bad and `sealed` is empty.
[[nodiscard]] Result<void> aead_open_in_place(std::string& sealed,
                                              std::string_view key,
                                              std::string_view nonce,
                                              std::string_view associated);

}  // namespace bulla::crypto

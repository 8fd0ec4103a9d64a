#pragma once
#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace bulla::crypto {

using Sha256 = std::array<char, 32>;

inline std::string_view view(const Sha256& digest) {
    return {digest.data(), digest.size()};
}

/// SHA-256 (FIPS 180-4) of one run of bytes.
[[nodiscard]] Sha256 sha256(std::string_view bytes);

/// SHA-256 of bytes that come in pieces; reusable after finish(). One thread at a time.
class Sha256Stream {
  public:
    Sha256Stream();
    ~Sha256Stream();
    Sha256Stream(Sha256Stream&&) noexcept;
    Sha256Stream& operator=(Sha256Stream&&) noexcept;
    void update(std::string_view bytes);
    /// The digest of all since construction or the last finish().
    [[nodiscard]] Sha256 finish();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// HMAC-SHA-256 (RFC 2104).
[[nodiscard]] Sha256 hmac_sha256(std::string_view key, std::string_view bytes);

/// HKDF-SHA-256 (RFC 5869): `size` octets (at most 8160) for the purpose `info`.
[[nodiscard]] std::string hkdf_sha256(std::string_view key,
                                      std::string_view salt,
                                      std::string_view info,
                                      std::size_t size);

}  // namespace bulla::crypto

#pragma once
#include "base/error.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace bulla {

/// Base64 with padding, without line breaks (RFC 4648 4).
[[nodiscard]] std::string base64_encode(std::string_view bytes);

/// Appends the base64 form of `bytes` to `out`.
void base64_append(std::string& out, std::string_view bytes);

/// Reads base64 (RFC 4648 4) strictly: padding needed, no characters outside the alphabet, no stray bits. Error: base64.bad.
[[nodiscard]] Result<std::string> base64_decode(std::string_view text);

/// Lower-case hexadecimal.
[[nodiscard]] std::string hex_encode(std::string_view bytes);

/// Reads hexadecimal of either case. Error: hex.bad.
[[nodiscard]] Result<std::string> hex_decode(std::string_view text);

/// Big-endian numbers, as all of bulla's file formats use them.
inline void put_u16(std::string& out, std::uint16_t value) {
    out.push_back(static_cast<char>(value >> 8));
    out.push_back(static_cast<char>(value));
}

inline void put_u32(std::string& out, std::uint32_t value) {
    put_u16(out, static_cast<std::uint16_t>(value >> 16));
    put_u16(out, static_cast<std::uint16_t>(value));
}

inline void put_u64(std::string& out, std::uint64_t value) {
    put_u32(out, static_cast<std::uint32_t>(value >> 32));
    put_u32(out, static_cast<std::uint32_t>(value));
}

/// Reads from the first bytes of `in`, which must be long enough.
inline std::uint32_t get_u32(std::string_view in) {
    const auto at = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(in[i]));
    };
    return at(0) << 24 | at(1) << 16 | at(2) << 8 | at(3);
}

inline std::uint16_t get_u16(std::string_view in) {
    return static_cast<std::uint16_t>(static_cast<unsigned char>(in[0]) << 8 |
                                      static_cast<unsigned char>(in[1]));
}

inline std::uint64_t get_u64(std::string_view in) {
    return static_cast<std::uint64_t>(get_u32(in)) << 32 | get_u32(in.substr(4));
}

/// CRC-32C (Castagnoli, RFC 3720 B.4), to tell torn writes from good ones; no protection against intent.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

}  // namespace bulla

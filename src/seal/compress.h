#pragma once
#include "base/error.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

/// zstd (RFC 8878) at level 3, with one context a thread. May be called from any thread.
namespace bulla::seal {

/// Appends one zstd frame of `plain` to `out` and gives true; if that would not be smaller, appends `plain` itself and gives false.
/// Needs no buffer beside `out`.
[[nodiscard]] bool append_compressed(std::string& out, std::string_view plain);

/// Compresses `plain` piece by piece; `take` gets each piece (at most 128 KiB and a little) and may change it. An error of `take` ends it
/// and is returned.
[[nodiscard]] Result<void> compress_pieces(
    std::string_view plain, const std::function<Result<void>(std::string& piece)>& take);

/// Opens one frame that must give exactly `plain_size` octets. Error: pack.bad_compression.
[[nodiscard]] Result<std::string> decompress(std::string_view frame, std::uint64_t plain_size);

}  // namespace bulla::seal

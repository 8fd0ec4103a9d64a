#pragma once
#include "base/error.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bulla::api {

/// Takes a body out of the chunked transfer coding (RFC 9112 7.1), however its octets are cut. Extensions and trailers are read and dropped,
/// 4096 octets of each at most. One thread at a time.
class ChunkDecoder {
  public:
    /// Reads on; body octets are added to `body`. How many of `bytes` belong to this body: less than all only when is_done(). After an error it
    /// is good for nothing. Error: http.bad_request.
    [[nodiscard]] Result<std::size_t> feed(std::string_view bytes, std::string& body);

    [[nodiscard]] bool is_done() const { return stage_ == Stage::done; }

  private:
    enum class Stage { size, data, end_of_data, trailer, done };

    [[nodiscard]] Result<void> take_line();
    [[nodiscard]] Result<void> take_size();
    [[nodiscard]] Result<void> take_trailer();

    Stage stage_ = Stage::size;
    std::string line_;  ///< The line so far, without what ends it.
    bool has_cr_ = false;
    std::uint64_t left_ = 0;  ///< Of the chunk.
    std::size_t trailer_octets_ = 0;
};

}  // namespace bulla::api

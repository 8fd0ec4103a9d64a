#pragma once
#include "api/request.h"
#include "base/error.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace bulla::api {

struct RequestLimits {
    std::size_t head_bytes = 16U << 10U;  ///< Request line and fields, with the empty line.
    std::size_t target_bytes = 8U << 10U;
    std::size_t fields = 100;
};

/// Reads the requests of one connection from its octets, however they are cut. Stricter than it need be wherever two readers might disagree
/// about where a request ends (RFC 9112 11.2): no bare LF or CR, no folded field, one Content-Length of digits alone, "chunked" as the only
/// transfer coding, never both. Octets behind a request are kept for the next one. One thread at a time.
/// Errors of all: http.bad_request, http.head_too_large, http.target_too_long, http.bad_version, http.unknown_coding, http.bad_host,
/// http.body_too_large; after one, the connection is good for the answer alone.
class RequestParser {
  public:
    explicit RequestParser(const RequestLimits& limits = {});
    ~RequestParser();
    RequestParser(const RequestParser&) = delete;
    RequestParser& operator=(const RequestParser&) = delete;

    /// Takes what was read, and reads on as far as it can.
    [[nodiscard]] Result<void> feed(std::string_view bytes);
    /// True if octets of a request have come and its head is not complete.
    [[nodiscard]] bool has_begun() const;
    [[nodiscard]] bool has_head() const;
    /// Call when has_head().
    [[nodiscard]] const RequestHead& head() const;
    /// Lets the body come: at most `most` octets. Call once when has_head().
    [[nodiscard]] Result<void> accept_body(std::uint64_t most);
    /// The whole request is there. Always false before accept_body().
    [[nodiscard]] bool is_done() const;
    /// How much of the body is there.
    [[nodiscard]] std::size_t body_bytes() const;
    [[nodiscard]] std::string take_body();
    /// Goes on with the next request, whose first octets may be there already. Call when is_done().
    [[nodiscard]] Result<void> next();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace bulla::api

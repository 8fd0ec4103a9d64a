#pragma once
#include "base/error.h"
#include "smtp/reply.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::smtp {

/// Limits on a server's reply, in octets and lines; beyond them it is refused.
struct ReplyLimits {
    std::size_t line = 2048;  ///< RFC 5321 4.5.3.1.5 allows 512; real servers exceed it.
    std::size_t lines = 128;
    std::size_t total = 32 * 1024;
};

/// Reads the replies of a server out of pieces of any size (RFC 5321 4.2.1). Not thread-safe.
class ReplyReader {
  public:
    explicit ReplyReader(const ReplyLimits& limits = {}) : limits_(limits) {}

    /// Adds bytes that were received.
    void receive(std::string_view bytes) { buffer_.append(bytes); }

    /// The next whole reply; nullopt if more bytes are needed. After an error the reader is of no further use.
    /// The text holds the lines joined by '\n', without codes; a common enhanced code is split off.
    /// Errors: smtp.reply_bad (no three-digit code, or the code changes between lines), smtp.reply_too_long.
    [[nodiscard]] Result<std::optional<Reply>> next();

    /// True if bytes were received that no reply has used yet.
    [[nodiscard]] bool has_unread() const { return used_ < buffer_.size(); }

    /// Forgets what was received and not used (RFC 3207 4.2: nothing said in clear counts after TLS).
    void drop();

  private:
    [[nodiscard]] Result<std::optional<bool>> read_line();
    [[nodiscard]] Reply finish();

    ReplyLimits limits_;
    std::string buffer_;
    std::size_t used_ = 0;
    int code_ = 0;
    std::vector<std::string> lines_;
    std::size_t total_ = 0;
};

}  // namespace bulla::smtp

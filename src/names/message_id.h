#pragma once
#include "base/clock.h"
#include "base/error.h"

#include <compare>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace bulla {

/// bulla's own number for a message, unique over all nodes and rising with time: 41 bits of milliseconds since 2020-01-01, 10 bits of
/// node, 12 bits of sequence; never zero. Written as 13 digits of Crockford's base 32, in upper case. Not the Message-ID of RFC 5322.
class MessageId {
  public:
    MessageId() = default;

    explicit MessageId(std::int64_t number) : number_(number) {}

    /// Reads the 13 digits, either case. Error: message_id.bad.
    [[nodiscard]] static Result<MessageId> parse(std::string_view text);

    [[nodiscard]] std::int64_t number() const { return number_; }

    [[nodiscard]] std::string text() const;
    [[nodiscard]] Time time() const;

    auto operator<=>(const MessageId&) const = default;

  private:
    std::int64_t number_ = 0;
};

/// Makes MessageIds for one node. May be called from any thread.
class MessageIds {
  public:
    /// `last` is the greatest number already given out by this node (0 if none), so that a clock set back makes no twin.
    MessageIds(const Clock& clock, unsigned node, std::int64_t last)
        : clock_(clock), node_(node), last_(last) {}

    [[nodiscard]] MessageId next();

  private:
    const Clock& clock_;
    unsigned node_;
    std::mutex mutex_;
    std::int64_t last_;
};

}  // namespace bulla

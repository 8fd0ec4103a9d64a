#pragma once
#include "base/error.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bulla::milter {

/// A packet: its first octet and what follows. `data` points into the reader and is good until its next call.
struct Packet {
    char command = 0;
    std::string_view data;
};

/// Takes packets (a length of four octets in network order, then as many octets) from a stream of bytes.
class PacketReader {
  public:
    /// `max_octets`: the longest packet, its first octet counted.
    explicit PacketReader(std::size_t max_octets) : max_octets_(max_octets) {}

    void feed(std::string_view bytes);
    /// The next whole packet; nothing if more bytes are needed. Errors: milter.bad_packet (of length 0), milter.packet_too_long.
    [[nodiscard]] Result<std::optional<Packet>> next();

    /// Octets held that were not yet given out.
    [[nodiscard]] std::size_t held() const { return buffer_.size() - begin_; }

  private:
    std::size_t max_octets_;
    std::string buffer_;
    std::size_t begin_ = 0;
};

/// Appends a packet to `out`.
void write_packet(std::string& out, char command, std::string_view data);
/// Appends `number` in network order.
void write_number(std::string& out, std::uint32_t number);
/// Appends `text` up to its first NUL, and a NUL.
void write_text(std::string& out, std::string_view text);

/// Takes a number from the front of `data`; nothing, and `data` as it was, if there are not four octets.
[[nodiscard]] std::optional<std::uint32_t> take_number(std::string_view& data);
/// Takes a text that ends with NUL from the front of `data`; nothing, and `data` as it was, if there is no NUL.
[[nodiscard]] std::optional<std::string_view> take_text(std::string_view& data);

}  // namespace bulla::milter

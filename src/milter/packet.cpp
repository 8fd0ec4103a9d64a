#include "milter/packet.h"

#include <fmt/format.h>

namespace bulla::milter {

namespace {

constexpr std::size_t length_octets = 4;
// What was given out is dropped once it is this much: moving less is not worth it.
constexpr std::size_t drop_at = 64U << 10U;

std::uint32_t read_number(std::string_view octets) {
    std::uint32_t number = 0;
    for (const char c : octets.substr(0, length_octets)) {
        number = number << 8U | static_cast<unsigned char>(c);
    }
    return number;
}

}  // namespace

void PacketReader::feed(std::string_view bytes) {
    if (begin_ == buffer_.size()) {
        buffer_.clear();
        begin_ = 0;
    } else if (begin_ >= drop_at) {
        buffer_.erase(0, begin_);
        begin_ = 0;
    }
    buffer_ += bytes;
}

Result<std::optional<Packet>> PacketReader::next() {
    const auto rest = std::string_view(buffer_).substr(begin_);
    if (rest.size() < length_octets) {
        return std::nullopt;
    }
    const std::size_t length = read_number(rest);
    if (length == 0) {
        return fail("milter.bad_packet", Fault::sender, "a packet of length 0");
    }
    if (length > max_octets_) {
        return fail("milter.packet_too_long",
                    Fault::sender,
                    fmt::format("a packet of {} octets; {} are the limit", length, max_octets_));
    }
    if (rest.size() < length_octets + length) {
        return std::nullopt;
    }
    begin_ += length_octets + length;
    return Packet{.command = rest[length_octets],
                  .data = rest.substr(length_octets + 1, length - 1)};
}

void write_number(std::string& out, std::uint32_t number) {
    for (int shift = 24; shift >= 0; shift -= 8) {
        out.push_back(static_cast<char>(number >> static_cast<unsigned>(shift) & 0xFFU));
    }
}

void write_text(std::string& out, std::string_view text) {
    out += text.substr(0, text.find('\0'));
    out.push_back('\0');
}

void write_packet(std::string& out, char command, std::string_view data) {
    write_number(out, static_cast<std::uint32_t>(data.size() + 1));
    out.push_back(command);
    out += data;
}

std::optional<std::uint32_t> take_number(std::string_view& data) {
    if (data.size() < length_octets) {
        return std::nullopt;
    }
    const auto number = read_number(data);
    data.remove_prefix(length_octets);
    return number;
}

std::optional<std::string_view> take_text(std::string_view& data) {
    const auto end = data.find('\0');
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    const auto text = data.substr(0, end);
    data.remove_prefix(end + 1);
    return text;
}

}  // namespace bulla::milter

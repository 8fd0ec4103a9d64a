#pragma once
#include <cstdint>

namespace bulla::milter {

/// The highest version that is spoken, and the least that is understood.
inline constexpr std::uint32_t newest_version = 6;
inline constexpr std::uint32_t oldest_version = 2;

/// What a mail server says: the first octet of its packets.
enum class Command : char {
    abort = 'A',
    body = 'B',
    connect = 'C',
    macros = 'D',
    end_of_body = 'E',
    helo = 'H',
    quit_new_connection = 'K',
    header = 'L',
    mail = 'M',
    end_of_header = 'N',
    negotiate = 'O',
    quit = 'Q',
    recipient = 'R',
    data = 'T',
    unknown = 'U',
};

/// What a filter may do to a message: bits of the negotiation.
namespace action {
inline constexpr std::uint32_t add_headers = 0x01;
inline constexpr std::uint32_t change_body = 0x02;
inline constexpr std::uint32_t change_headers = 0x10;
inline constexpr std::uint32_t set_macros = 0x100;
}  // namespace action

/// What a mail server leaves out, or does not wait for: bits of the negotiation.
namespace step {
inline constexpr std::uint32_t silent_header = 0x80;
inline constexpr std::uint32_t no_unknown = 0x100;
inline constexpr std::uint32_t no_data = 0x200;
inline constexpr std::uint32_t silent_connect = 0x1000;
inline constexpr std::uint32_t silent_helo = 0x2000;
inline constexpr std::uint32_t silent_mail = 0x4000;
inline constexpr std::uint32_t silent_recipient = 0x8000;
inline constexpr std::uint32_t silent_data = 0x10000;
inline constexpr std::uint32_t silent_unknown = 0x20000;
inline constexpr std::uint32_t silent_end_of_header = 0x40000;
inline constexpr std::uint32_t silent_body = 0x80000;
/// Header values keep the white space after the colon, in both directions.
inline constexpr std::uint32_t leading_space = 0x100000;
}  // namespace step

}  // namespace bulla::milter

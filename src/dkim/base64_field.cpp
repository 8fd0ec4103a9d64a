#include "dkim/tag_list.h"

#include <array>
#include <cstdint>

namespace bulla::dkim {

namespace {

constexpr std::uint8_t no_digit = 0x80;
constexpr std::uint8_t space = 0x81;
constexpr std::uint8_t padding = 0x82;

constexpr auto make_values() {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::array<std::uint8_t, 256> values{};
    values.fill(no_digit);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    for (const char c : std::string_view(" \t\r\n")) {
        values[static_cast<unsigned char>(c)] = space;
    }
    values['='] = padding;
    return values;
}

constexpr auto values = make_values();

std::uint32_t value_of(char c) {
    return values[static_cast<unsigned char>(c)];
}

// Reads into `to`, which has room for three octets in four characters; null if the text is malformed, else the end of what was written.
char* decode(char* to, const char* at, const char* end) {
    std::uint32_t group = 0;
    unsigned digits = 0;
    unsigned pads = 0;
    while (at != end) {
        while (digits == 0 && end - at >= 4) {
            const std::uint32_t a = value_of(at[0]);
            const std::uint32_t b = value_of(at[1]);
            const std::uint32_t c = value_of(at[2]);
            const std::uint32_t d = value_of(at[3]);
            if (((a | b | c | d) & no_digit) != 0 || pads != 0) {
                break;
            }
            *to++ = static_cast<char>(a << 2 | b >> 4);
            *to++ = static_cast<char>(b << 4 | c >> 2);
            *to++ = static_cast<char>(c << 6 | d);
            at += 4;
        }
        if (at == end) {
            break;
        }
        const std::uint32_t value = value_of(*at++);
        if (value == space) {
            continue;
        }
        if (value == padding && digits >= 2 && digits + pads < 4) {
            ++pads;
        } else if (value < no_digit && pads == 0) {
            group = group << 6 | value;
            if (++digits == 4) {
                *to++ = static_cast<char>(group >> 16);
                *to++ = static_cast<char>(group >> 8);
                *to++ = static_cast<char>(group);
                digits = 0;
                group = 0;
            }
        } else {
            return nullptr;
        }
    }
    // RFC 4648 3.5 lets decoders refuse pad bits that are not zero: then no two texts mean the same octets.
    const std::uint32_t stray = digits == 2 ? group & 15 : group & 3;
    if (digits + pads != (digits == 0 ? 0U : 4U) || (digits != 0 && stray != 0)) {
        return nullptr;
    }
    if (digits >= 2) {
        group <<= 6 * (4 - digits);
        *to++ = static_cast<char>(group >> 16);
        if (digits == 3) {
            *to++ = static_cast<char>(group >> 8);
        }
    }
    return to;
}

}  // namespace

Result<std::string> decode_base64(std::string_view text) {
    std::string out;
    bool good = true;
    out.resize_and_overwrite(text.size() / 4 * 3 + 3, [&](char* to, std::size_t) {
        const char* const end = decode(to, text.data(), text.data() + text.size());
        good = end != nullptr;
        return good ? static_cast<std::size_t>(end - to) : 0;
    });
    if (!good) {
        return fail("base64.bad", Fault::sender, "the base64 text is malformed", "RFC 4648 4");
    }
    return out;
}

}  // namespace bulla::dkim

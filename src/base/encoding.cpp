#include "base/encoding.h"

#include <array>

namespace bulla {

namespace {

constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr auto make_base64_values() {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < base64_alphabet.size(); ++i) {
        values[static_cast<unsigned char>(base64_alphabet[i])] = static_cast<std::int8_t>(i);
    }
    return values;
}

constexpr auto base64_values = make_base64_values();

constexpr auto make_crc32c_tables() {
    std::array<std::array<std::uint32_t, 256>, 8> tables{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78U : 0U);
        }
        tables[0][i] = crc;
    }
    for (std::uint32_t i = 0; i < 256; ++i) {
        for (std::size_t t = 1; t < 8; ++t) {
            tables[t][i] = (tables[t - 1][i] >> 8) ^ tables[0][tables[t - 1][i] & 0xFF];
        }
    }
    return tables;
}

constexpr auto crc32c_tables = make_crc32c_tables();

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace

void base64_append(std::string& out, std::string_view bytes) {
    const auto byte = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]));
    };
    out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
    std::size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3) {
        const std::uint32_t group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
        const std::array<char, 4> quad{base64_alphabet[group >> 18],
                                       base64_alphabet[group >> 12 & 63],
                                       base64_alphabet[group >> 6 & 63],
                                       base64_alphabet[group & 63]};
        out.append(quad.data(), quad.size());
    }
    if (i < bytes.size()) {
        const bool two = i + 2 == bytes.size();
        const std::uint32_t group = byte(i) << 16 | (two ? byte(i + 1) << 8 : 0);
        out.push_back(base64_alphabet[group >> 18]);
        out.push_back(base64_alphabet[group >> 12 & 63]);
        out.push_back(two ? base64_alphabet[group >> 6 & 63] : '=');
        out.push_back('=');
    }
}

std::string base64_encode(std::string_view bytes) {
    std::string out;
    base64_append(out, bytes);
    return out;
}

Result<std::string> base64_decode(std::string_view text) {
    const auto bad = [] {
        return fail("base64.bad", Fault::sender, "the base64 text is malformed", "RFC 4648 4");
    };
    if (text.size() % 4 != 0) {
        return bad();
    }
    std::size_t padding = 0;
    if (!text.empty() && text.back() == '=') {
        padding = text[text.size() - 2] == '=' ? 2 : 1;
    }
    std::string out;
    out.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        const bool last = i + 4 == text.size();
        const std::size_t digits = last ? 4 - padding : 4;
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            const int value =
                k < digits ? base64_values[static_cast<unsigned char>(text[i + k])] : 0;
            if (value < 0) {
                return bad();
            }
            group = group << 6 | static_cast<std::uint32_t>(value);
        }
        // RFC 4648 3.5: "decoders MAY chose to reject an encoding if the pad bits have not been set to zero."
        if ((digits == 2 && (group & 0xFFFF) != 0) || (digits == 3 && (group & 0xFF) != 0)) {
            return bad();
        }
        out.push_back(static_cast<char>(group >> 16));
        if (digits > 2) {
            out.push_back(static_cast<char>(group >> 8));
        }
        if (digits > 3) {
            out.push_back(static_cast<char>(group));
        }
    }
    return out;
}

std::string hex_encode(std::string_view bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        out.push_back(digits[static_cast<unsigned char>(c) >> 4]);
        out.push_back(digits[static_cast<unsigned char>(c) & 15]);
    }
    return out;
}

Result<std::string> hex_decode(std::string_view text) {
    if (text.size() % 2 != 0) {
        return fail("hex.bad", Fault::sender, "the hexadecimal text has an odd number of digits");
    }
    std::string out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_value(text[i]);
        const int low = hex_value(text[i + 1]);
        if (high < 0 || low < 0) {
            return fail("hex.bad",
                        Fault::sender,
                        "the hexadecimal text holds something else than hexadecimal digits");
        }
        out.push_back(static_cast<char>(high << 4 | low));
    }
    return out;
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) {
    std::uint32_t crc = ~seed;
    std::size_t i = 0;
    for (; i + 8 <= bytes.size(); i += 8) {
        std::uint32_t value = 0;
        for (std::size_t k = 0; k < 8; ++k) {
            const auto byte = static_cast<unsigned char>(bytes[i + k]);
            const std::uint32_t mixed = k < 4 ? ((crc >> (8 * k)) & 0xFF) ^ byte : byte;
            value ^= crc32c_tables[7 - k][mixed];
        }
        crc = value;
    }
    for (; i < bytes.size(); ++i) {
        crc = (crc >> 8) ^ crc32c_tables[0][(crc ^ static_cast<unsigned char>(bytes[i])) & 0xFF];
    }
    return ~crc;
}

}  // namespace bulla

#include "base/encoding.h"
#include "importers/builder.h"
#include "importers/text.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace bulla::importers {

namespace {

// RFC 8410 7: a PrivateKeyInfo of an Ed25519 key is these octets and the key's 32.
constexpr std::string_view ed25519_head(
    "\x30\x2E\x02\x01\x00\x30\x05\x06\x03\x2B\x65\x70\x04\x22\x04\x20", 16);
constexpr std::size_t ed25519_octets = 32;

SecretBytes without_blanks(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    std::ranges::copy_if(text, std::back_inserter(out), [](char c) {
        return c != ' ' && c != '\t' && c != '\r' && c != '\n';
    });
    return SecretBytes(std::move(out));
}

// With lines of 64, as the readers of PEM want them.
SecretBytes armour(std::string_view der) {
    const SecretBytes text(base64_encode(der));
    std::string out;
    out.reserve(text.size() + text.size() / 64 + 80);
    out += "-----BEGIN PRIVATE KEY-----\n";
    for (std::size_t at = 0; at < text.size(); at += 64) {
        out.append(text.view().substr(at, 64)).push_back('\n');
    }
    out += "-----END PRIVATE KEY-----\n";
    return SecretBytes(std::move(out));
}

int bits_of_mask(const Ip& mask) {
    int bits = 0;
    bool ended = false;
    for (std::size_t i = 12; i < 16; ++i) {
        for (unsigned bit = 0x80; bit != 0; bit >>= 1U) {
            const bool set = (mask.bytes().at(i) & bit) != 0;
            if (set && ended) {
                return -1;
            }
            ended = ended || !set;
            bits += set ? 1 : 0;
        }
    }
    return bits;
}

Ip cleared_below(const Ip& ip, int prefix) {
    auto bytes = ip.bytes();
    for (int bit = prefix; bit < 128; ++bit) {
        auto& octet = bytes.at(static_cast<std::size_t>(bit / 8));
        octet = static_cast<std::uint8_t>(octet & ~(0x80U >> static_cast<unsigned>(bit % 8)));
    }
    return Ip(bytes);
}

}  // namespace

Result<std::shared_ptr<crypto::PrivateKey>> parse_key_text(std::string_view text) {
    if (text.find("-----BEGIN") != std::string_view::npos) {
        return crypto::PrivateKey::parse_pem(text);
    }
    const auto compact = without_blanks(text);
    auto decoded = base64_decode(compact.view());
    if (!decoded || decoded->empty()) {
        return fail(
            "key.bad_pem", Fault::sender, "this is no private key: neither PEM nor base64 of one");
    }
    const SecretBytes octets(*std::move(decoded));
    if (octets.size() == ed25519_octets || octets.size() == 2 * ed25519_octets) {
        std::string der(ed25519_head);
        der.append(octets.view().substr(0, ed25519_octets));
        const SecretBytes whole(std::move(der));
        return crypto::PrivateKey::parse_pem(armour(whole.view()).view());
    }
    return crypto::PrivateKey::parse_pem(armour(octets.view()).view());
}

Result<Network> parse_network(std::string_view word) {
    const std::size_t slash = word.find('/');
    std::string_view address = word.substr(0, slash);
    if (address.starts_with('[') && address.ends_with(']')) {
        address = address.substr(1, address.size() - 2);
    }
    BULLA_TRY(ip, Ip::parse(address));
    const bool is_v4 = address.find(':') == std::string_view::npos;
    const int width = is_v4 ? 32 : 128;
    int prefix = width;
    if (slash != std::string_view::npos) {
        const auto after = word.substr(slash + 1);
        const auto [end, wrong] =
            std::from_chars(after.data(), after.data() + after.size(), prefix);
        if (const auto mask = Ip::parse(after); mask && mask->is_v4() && is_v4) {
            prefix = bits_of_mask(*mask);
        } else if (wrong != std::errc() || end != after.data() + after.size()) {
            prefix = -1;
        }
        if (prefix < 0 || prefix > width) {
            return fail("cidr.bad", Fault::sender, "this is no network", "RFC 4632 3.1");
        }
    }
    const Ip base = cleared_below(ip, prefix + 128 - width);
    BULLA_TRY(block, Cidr::parse(base.text() + "/" + std::to_string(prefix)));
    return Network{.block = block, .prefix = prefix, .is_v4 = is_v4};
}

}  // namespace bulla::importers

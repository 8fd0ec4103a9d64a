#include "vault/password.h"

#include "base/encoding.h"
#include "base/secret.h"
#include "vault/kdf.h"

#include <array>
#include <charconv>
#include <fmt/format.h>
#include <optional>
#include <sodium.h>

namespace bulla::vault {
namespace {

constexpr std::size_t hash_size = 32;
constexpr std::string_view prefix = "$argon2id$v=19$m=";

struct Phc {
    KdfCost cost;
    std::string salt;
    std::string hash;
};

// Base64 without padding, as the PHC string format has it.
std::string encode_bare(std::string_view bytes) {
    auto text = base64_encode(bytes);
    text.erase(text.find_last_not_of('=') + 1);
    return text;
}

std::optional<std::string> decode_bare(std::string_view text) {
    std::string padded(text);
    padded.append((4 - padded.size() % 4) % 4, '=');
    auto bytes = base64_decode(padded);
    return bytes ? std::optional(std::move(*bytes)) : std::nullopt;
}

// Takes a number and the text that has to follow it off the front of `text`.
std::optional<std::uint64_t> take_number(std::string_view& text, std::string_view then) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (error != std::errc{} || !text.starts_with(then)) {
        return std::nullopt;
    }
    text.remove_prefix(then.size());
    return number;
}

std::optional<Phc> parse_phc(std::string_view text) {
    if (text.size() > 256 || !text.starts_with(prefix)) {
        return std::nullopt;
    }
    text.remove_prefix(prefix.size());
    const auto kibibytes = take_number(text, ",t=");
    const auto passes = kibibytes ? take_number(text, ",p=1$") : std::nullopt;
    const auto dollar = text.find('$');
    if (!passes || *kibibytes > (1U << 20U) || dollar == std::string_view::npos) {
        return std::nullopt;
    }
    auto salt = decode_bare(text.substr(0, dollar));
    auto hash = decode_bare(text.substr(dollar + 1));
    const KdfCost cost{*passes, *kibibytes << 10U};
    if (!salt || !hash || salt->size() != kdf_salt_size || hash->size() != hash_size ||
        !is_bearable(cost)) {
        return std::nullopt;
    }
    return Phc{cost, std::move(*salt), std::move(*hash)};
}

}  // namespace

Result<std::string> hash_password(std::string_view password, Random& random, KdfCost cost) {
    const auto salt = random.bytes(kdf_salt_size);
    std::array<char, hash_size> hash{};
    auto done = stretch(password, salt, cost, hash);
    if (!done) {
        if (done.error().code == "vault.bad_passphrase") {
            return fail("vault.bad_password", Fault::sender, "a password has 1 to 1024 octets");
        }
        return std::unexpected(std::move(done).error());
    }
    return fmt::format("{}{},t={},p=1${}${}",
                       prefix,
                       cost.memory >> 10U,
                       cost.passes,
                       encode_bare(salt),
                       encode_bare({hash.data(), hash.size()}));
}

bool verify_password(std::string_view hash, std::string_view password) {
    const auto phc = parse_phc(hash);
    std::array<char, hash_size> computed{};
    return phc && stretch(password, phc->salt, phc->cost, computed) &&
           equal_in_constant_time({computed.data(), computed.size()}, phc->hash);
}

}  // namespace bulla::vault

#include "vault/kdf.h"

#include "vault/locked_memory.h"

#include <sodium.h>
#include <stdexcept>

namespace bulla::vault {
namespace {

constexpr std::size_t max_passphrase = 1024;
constexpr std::uint64_t max_passes = 16;
constexpr std::uint64_t max_memory = std::uint64_t{1} << 30U;

}  // namespace

bool is_bearable(const KdfCost& cost) {
    return cost.passes >= 1 && cost.passes <= max_passes &&
           cost.memory >= crypto_pwhash_argon2id_MEMLIMIT_MIN && cost.memory <= max_memory;
}

Result<void> stretch(std::string_view passphrase,
                     std::string_view salt,
                     const KdfCost& cost,
                     std::span<char> out) {
    if (passphrase.empty() || passphrase.size() > max_passphrase) {
        return fail("vault.bad_passphrase", Fault::us, "a passphrase has 1 to 1024 octets");
    }
    if (!is_bearable(cost) || salt.size() != kdf_salt_size) {
        throw std::logic_error("Argon2id: cost or salt out of range");
    }
    start_sodium();
    const auto done = crypto_pwhash_argon2id(reinterpret_cast<unsigned char*>(out.data()),
                                             out.size(),
                                             passphrase.data(),
                                             passphrase.size(),
                                             reinterpret_cast<const unsigned char*>(salt.data()),
                                             cost.passes,
                                             cost.memory,
                                             crypto_pwhash_argon2id_ALG_ARGON2ID13);
    if (done != 0) {
        return fail(
            "vault.no_memory", Fault::temporary, "there is no memory to check a passphrase");
    }
    return {};
}

}  // namespace bulla::vault

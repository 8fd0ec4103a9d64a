#include "archive/public_keys.h"

#include <filesystem>
#include <fmt/format.h>
#include <system_error>
#include <vector>

namespace bulla::archive {

namespace {

constexpr std::size_t max_keys = 1000;

std::unexpected<Error> unreadable(const std::string& path, std::string_view why) {
    return fail("public_key.unreadable",
                Fault::us,
                fmt::format("no public key can be read from {}: {}", path, why));
}

}  // namespace

std::string_view signature_algorithm(crypto::KeyType type) {
    switch (type) {
        case crypto::KeyType::rsa:
            return "rsa-sha256";
        case crypto::KeyType::ed25519:
            return "ed25519";
        case crypto::KeyType::p256:
            return "ecdsa-p256-sha256";
        case crypto::KeyType::p384:
            return "ecdsa-p384-sha384";
        case crypto::KeyType::dsa:
            return "dsa-sha256";
    }
    return "";
}

std::string openssl_command(crypto::KeyType type, const CheckedFiles& files) {
    if (type == crypto::KeyType::ed25519) {
        return fmt::format("openssl pkeyutl -verify -pubin -inkey {} -rawin -in {} -sigfile {}",
                           files.key,
                           files.message,
                           files.signature);
    }
    return fmt::format("openssl dgst {} -verify {} -signature {} {}",
                       type == crypto::KeyType::p384 ? "-sha384" : "-sha256",
                       files.key,
                       files.signature,
                       files.message);
}

void PublicKeys::add(const crypto::PublicKey& key) {
    keys_.try_emplace(key.fingerprint(), key);
}

const crypto::PublicKey* PublicKeys::find(std::string_view fingerprint) const {
    const auto found = keys_.find(fingerprint);
    return found == keys_.end() ? nullptr : &found->second;
}

Result<PublicKeys> PublicKeys::load(const std::string& path) {
    namespace fs = std::filesystem;
    std::vector<std::string> files;
    std::error_code error;
    if (fs::is_directory(path, error)) {
        for (fs::directory_iterator entry(path, error), end; !error && entry != end;
             entry.increment(error)) {
            const auto extension = entry->path().extension();
            if ((extension == ".pem" || extension == ".pub") && entry->is_regular_file(error)) {
                files.push_back(entry->path().string());
            }
            if (files.size() > max_keys) {
                return unreadable(path, "the directory holds more than 1000 keys");
            }
        }
    } else {
        files.push_back(path);
    }
    if (error) {
        return unreadable(path, error.message());
    }
    PublicKeys keys;
    for (const auto& file : files) {
        BULLA_TRY(key, crypto::load_public_key(file));
        keys.add(key);
    }
    if (keys.size() == 0) {
        return unreadable(path, "the directory holds no file *.pem or *.pub");
    }
    return keys;
}

}  // namespace bulla::archive

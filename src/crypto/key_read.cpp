#include "base/file.h"
#include "crypto/key.h"
#include "crypto/key_impl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <fmt/format.h>

namespace bulla::crypto {
namespace {

// One block of a PEM file (RFC 7468, RFC 1421): its label, its header lines, its bytes, wiped when it goes.
class PemBlock {
  public:
    PemBlock() = default;
    PemBlock(const PemBlock&) = delete;
    PemBlock& operator=(const PemBlock&) = delete;

    ~PemBlock() {
        OPENSSL_free(name_);
        OPENSSL_free(header_);
        OPENSSL_clear_free(data_, static_cast<std::size_t>(size_));
    }

    [[nodiscard]] bool read(BIO* in) {
        return PEM_read_bio(in, &name_, &header_, &data_, &size_) == 1;
    }

    [[nodiscard]] std::string_view name() const { return name_; }

    [[nodiscard]] bool encrypted() const {
        return name() == PEM_STRING_PKCS8 ||
               std::string_view(header_).find("ENCRYPTED") != std::string_view::npos;
    }

    [[nodiscard]] const unsigned char* begin() const { return data_; }

    [[nodiscard]] const unsigned char* end() const { return data_ + size_; }

    [[nodiscard]] std::string_view bytes() const {
        return {reinterpret_cast<const char*>(data_), static_cast<std::size_t>(size_)};
    }

  private:
    char* name_ = nullptr;
    char* header_ = nullptr;
    unsigned char* data_ = nullptr;
    long size_ = 0;  // NOLINT(google-runtime-int): OpenSSL's type
};

bool is_private(std::string_view name) {
    return name == PEM_STRING_PKCS8 || name == PEM_STRING_PKCS8INF || name == PEM_STRING_RSA ||
           name == PEM_STRING_ECPRIVATEKEY || name == PEM_STRING_DSA;
}

Pkey decode_private(const PemBlock& block) {
    const auto* at = block.begin();
    const auto size = block.end() - block.begin();
    EVP_PKEY* key = nullptr;
    if (block.name() == PEM_STRING_RSA) {
        key = d2i_PrivateKey(EVP_PKEY_RSA, nullptr, &at, size);
    } else if (block.name() == PEM_STRING_ECPRIVATEKEY) {
        key = d2i_PrivateKey(EVP_PKEY_EC, nullptr, &at, size);
    } else if (block.name() == PEM_STRING_DSA) {
        key = d2i_PrivateKey(EVP_PKEY_DSA, nullptr, &at, size);
    } else {
        key = d2i_AutoPrivateKey(nullptr, &at, size);
    }
    return Pkey(at == block.end() ? key : (EVP_PKEY_free(key), nullptr));
}

Bio open_memory(std::string_view text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

}  // namespace

Result<PublicKey> PublicKey::parse_der(std::string_view der, bool rsa_pkcs1) {
    if (der.size() > max_key_octets) {
        return refuse_key("key.unsupported", "the public key is larger than 64 KiB");
    }
    const auto* end = octets(der) + der.size();
    const auto* at = octets(der);
    Pkey key(d2i_PUBKEY(nullptr, &at, static_cast<int>(der.size())));
    if (!key && rsa_pkcs1) {
        at = octets(der);
        key.reset(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, static_cast<int>(der.size())));
    }
    if (!key || at != end) {
        return refuse_key("key.bad_der", "this is not a public key in DER");
    }
    return make_public_key(std::move(key));
}

Result<PublicKey> PublicKey::from_ed25519(std::string_view raw) {
    if (raw.size() != 32) {
        return refuse_key("key.bad_der", "an Ed25519 public key has 32 octets");
    }
    Pkey key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets(raw), raw.size()));
    if (!key) {
        return refuse_key("key.bad_der", "this is not an Ed25519 public key");
    }
    return make_public_key(std::move(key));
}

Result<PublicKey> PublicKey::parse_pem(std::string_view pem) {
    if (pem.size() > max_key_octets) {
        return refuse_key("key.bad_pem", "the public key is larger than 64 KiB");
    }
    const auto in = open_memory(pem);
    for (;;) {
        PemBlock block;
        if (!block.read(in.get())) {
            return refuse_key("key.bad_pem", "no \"BEGIN PUBLIC KEY\" block can be read");
        }
        if (block.name() == PEM_STRING_PUBLIC) {
            auto key = parse_der(block.bytes());
            if (!key && key.error().code == "key.bad_der") {
                return refuse_key("key.bad_pem", "the public key block holds no public key");
            }
            return key;
        }
    }
}

Result<PublicKey> public_half(const EVP_PKEY& pkey) {
    unsigned char* der = nullptr;
    const auto size = i2d_PUBKEY(&pkey, &der);
    if (size <= 0) {
        return refuse_key("key.unsupported", "the key has no public half");
    }
    auto half =
        PublicKey::parse_der({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
    OPENSSL_free(der);
    return half;
}

Result<std::shared_ptr<PrivateKey>> PrivateKey::parse_pem(std::string_view pem) {
    if (pem.size() > max_key_octets) {
        return refuse_key("key.bad_pem", "the private key is larger than 64 KiB");
    }
    const auto in = open_memory(pem);
    // Blocks of parameters (openssl ecparam, dsaparam -genkey) stand before the key and are in it once more.
    for (;;) {
        PemBlock block;
        if (!block.read(in.get())) {
            return refuse_key("key.bad_pem", "no private key block can be read");
        }
        if (!is_private(block.name())) {
            continue;
        }
        if (block.encrypted()) {
            return refuse_key("key.encrypted",
                              "the private key is encrypted: decrypt it first (openssl pkey -in "
                              "FILE -out FILE)");
        }
        auto key = decode_private(block);
        if (!key) {
            return refuse_key("key.bad_pem", "the private key block holds no key of its name");
        }
        return make_private_key(std::move(key));
    }
}

namespace {

Error name_file(Error error, const std::string& path) {
    if (error.code == "file.world_readable") {
        error.code = "key.world_readable";
    } else if (error.code.starts_with("file.")) {
        error.code = "key.unreadable";
    } else {
        error.text = fmt::format("{}: {}", path, error.text);
    }
    return error;
}

}  // namespace

Result<std::shared_ptr<PrivateKey>> load_private_key(const std::string& path, bool allow_readable) {
    const auto access = allow_readable ? FileAccess::anybody : FileAccess::owner_only;
    auto pem = load_secret_file(path, max_key_octets, access);
    auto key = pem ? PrivateKey::parse_pem(pem->view()) : std::unexpected(pem.error());
    return key ? std::move(key) : std::unexpected(name_file(key.error(), path));
}

Result<PublicKey> load_public_key(const std::string& path) {
    auto pem = load_secret_file(path, max_key_octets, FileAccess::anybody);
    auto key = pem ? PublicKey::parse_pem(pem->view()) : std::unexpected(pem.error());
    return key ? std::move(key) : std::unexpected(name_file(key.error(), path));
}

}  // namespace bulla::crypto

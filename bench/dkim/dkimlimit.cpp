// libraries: OpenSSL::Crypto
// What no DKIM implementation over OpenSSL can pass: SHA-256 of the message, SHA-256 of 700 octets of header, one signature or verification,
// with everything made ready beforehand. Keys and messages as bench_dkim has them.
#include "loop.h"
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <memory>

namespace {

constexpr std::size_t header_size = 700;

using Digest = std::array<unsigned char, 32>;

struct Operation {
    EVP_PKEY* key;
    bool ed25519;
    EVP_MD* md;
    EVP_MD_CTX* hash = EVP_MD_CTX_new();
    EVP_MD_CTX* message = EVP_MD_CTX_new();
    EVP_PKEY_CTX* signer = nullptr;
    EVP_PKEY_CTX* verifier = nullptr;
    std::array<unsigned char, 1024> signature{};
    std::size_t length = 0;

    void prepare() {
        if (ed25519) {
            return;
        }
        signer = EVP_PKEY_CTX_new(key, nullptr);
        verifier = EVP_PKEY_CTX_new(key, nullptr);
        check(EVP_PKEY_sign_init(signer) == 1 && EVP_PKEY_verify_init(verifier) == 1, "init");
        for (EVP_PKEY_CTX* one : {signer, verifier}) {
            check(EVP_PKEY_CTX_set_rsa_padding(one, RSA_PKCS1_PADDING) == 1, "padding");
            check(EVP_PKEY_CTX_set_signature_md(one, md) == 1, "digest");
        }
    }

    void digest(const std::string& bytes, std::size_t size, Digest& out) const {
        check(EVP_DigestInit_ex(hash, md, nullptr) == 1 &&
                  EVP_DigestUpdate(hash, bytes.data(), size) == 1 &&
                  EVP_DigestFinal_ex(hash, out.data(), nullptr) == 1,
              "SHA-256");
    }

    Digest both(const std::string& bytes) const {
        Digest out;
        digest(bytes, bytes.size(), out);
        digest(bytes, header_size, out);
        return out;
    }

    void sign(const std::string& bytes) {
        const Digest hashed = both(bytes);
        length = signature.size();
        if (ed25519) {
            EVP_DigestSignInit(message, nullptr, nullptr, nullptr, key);
            check(EVP_DigestSign(
                      message, signature.data(), &length, hashed.data(), hashed.size()) == 1,
                  "sign");
        } else {
            check(
                EVP_PKEY_sign(signer, signature.data(), &length, hashed.data(), hashed.size()) == 1,
                "sign");
        }
    }

    void verify(const std::string& bytes) {
        const Digest hashed = both(bytes);
        if (ed25519) {
            EVP_DigestVerifyInit(message, nullptr, nullptr, nullptr, key);
            check(EVP_DigestVerify(
                      message, signature.data(), length, hashed.data(), hashed.size()) == 1,
                  "verify");
        } else {
            check(EVP_PKEY_verify(
                      verifier, signature.data(), length, hashed.data(), hashed.size()) == 1,
                  "verify");
        }
    }
};

}  // namespace

int main() {
    for (const std::string name : {"rsa2048", "ed25519"}) {
        const std::unique_ptr<BIO, int (*)(BIO*)> file(
            BIO_new_file(("keys/" + name + ".pem").c_str(), "r"), BIO_free);
        Operation operation{.key = PEM_read_bio_PrivateKey(file.get(), nullptr, nullptr, nullptr),
                            .ed25519 = name == "ed25519",
                            .md = EVP_MD_fetch(nullptr, "SHA256", nullptr)};
        check(operation.key != nullptr, "key");
        operation.prepare();
        for (const std::string size : {"4k", "50k", "1m"}) {
            const std::string bytes = read_file("data/" + size + ".eml");
            measure(figure("sign", name, size), [&] { operation.sign(bytes); });
            operation.sign(bytes);
            measure(figure("verify", name, size), [&] { operation.verify(bytes); });
        }
    }
    return 0;
}

// libraries: OpenSSL::Crypto
// The limit that a signing relay cannot pass: one SHA-256 over a message and one RSA-2048 signature, with everything ready beforehand.
// Prints the rate per CPU second.   bench_rsalimit MESSAGE KEY.pem [SECONDS]
#include "../program.h"
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

namespace {

double cpu_seconds() {
    timespec t{};
    (void)::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

void check(int ok) {
    if (ok != 1) {
        give_up("OpenSSL failed");
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        give_up("MESSAGE KEY.pem [SECONDS]");
    }
    std::ifstream in(argv[1], std::ios::binary);
    const std::string message{std::istreambuf_iterator<char>(in), {}};
    const std::unique_ptr<BIO, int (*)(BIO*)> file(BIO_new_file(argv[2], "r"), BIO_free);
    EVP_PKEY* key = PEM_read_bio_PrivateKey(file.get(), nullptr, nullptr, nullptr);
    const double wanted = argc > 3 ? parse_number<double>(argv[3]) : 0.5;
    EVP_MD* sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* signer = EVP_PKEY_CTX_new(key, nullptr);
    check(EVP_PKEY_sign_init(signer));
    check(EVP_PKEY_CTX_set_rsa_padding(signer, RSA_PKCS1_PADDING));
    check(EVP_PKEY_CTX_set_signature_md(signer, sha256));
    std::array<unsigned char, 64> digest{};
    std::array<unsigned char, 1024> signature{};
    std::int64_t count = 0;
    const double start = cpu_seconds();
    double spent = 0;
    for (; spent < wanted; spent = cpu_seconds() - start, ++count) {
        unsigned size = 0;
        check(EVP_DigestInit_ex(context, sha256, nullptr));
        check(EVP_DigestUpdate(context, message.data(), message.size()));
        check(EVP_DigestFinal_ex(context, digest.data(), &size));
        std::size_t length = signature.size();
        check(EVP_PKEY_sign(signer, signature.data(), &length, digest.data(), size));
    }
    (void)std::printf("%.1f\n", static_cast<double>(count) / spent);
    return 0;
}

#include "pki/self_signed.h"

#include "crypto/evp.h"
#include "crypto/key.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

namespace bulla::pki {
namespace {

using crypto::Freer;
using crypto::octets;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Number = std::unique_ptr<BIGNUM, Freer<BN_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;

constexpr int most_days = 825;
constexpr std::size_t most_hosts = 100;
constexpr std::size_t longest_common_name = 64;  // ub-common-name of RFC 5280 A.1

bool set_serial(X509* certificate) {
    // RFC 5280 4.1.2.2: "Conforming CAs MUST NOT use serialNumber values longer than 20 octets." It is positive, too.
    const Number number(BN_new());
    return number && BN_rand(number.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_validity(X509* certificate, Time now, int days) {
    const auto begin = to_unix(now - std::chrono::hours(1));
    const auto end = to_unix(now + std::chrono::days(days));
    // ASN1_TIME_set keeps to RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime after.
    return ASN1_TIME_set(X509_getm_notBefore(certificate), begin) != nullptr &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), end) != nullptr;
}

bool set_name(X509* certificate, const std::string& host) {
    auto* name = X509_get_subject_name(certificate);
    const auto good = host.size() > longest_common_name ||
                      X509_NAME_add_entry_by_NID(name,
                                                 NID_commonName,
                                                 MBSTRING_ASC,
                                                 octets(host),
                                                 static_cast<int>(host.size()),
                                                 -1,
                                                 0) == 1;
    return good && X509_set_issuer_name(certificate, name) == 1;
}

bool add_extension(X509* certificate, int nid, const std::string& value) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool add_extensions(X509* certificate, std::span<const DomainName> hosts) {
    std::string names;
    for (const auto& host : hosts) {
        // A DomainName holds letters, digits, hyphens, dots and underscores: nothing that has a meaning in this list.
        names += (names.empty() ? "DNS:" : ",DNS:") + host.ascii();
    }
    // RFC 5280 4.2.1.6: with an empty subject the subjectAltName MUST be critical.
    const auto critical = X509_NAME_entry_count(X509_get_subject_name(certificate)) == 0;
    return add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
           add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
           add_extension(certificate, NID_subject_key_identifier, "hash") &&
           add_extension(certificate, NID_subject_alt_name, (critical ? "critical," : "") + names);
}

std::unexpected<Error> failed() {
    ERR_clear_error();
    return fail("pki.failed", Fault::us, "no certificate could be made for these host names");
}

}  // namespace

Result<CertifiedKey> make_self_signed(std::span<const DomainName> hosts,
                                      const Clock& clock,
                                      int days) {
    if (hosts.empty() || hosts.size() > most_hosts || days < 1 || days > most_days) {
        return fail(
            "pki.bad_request", Fault::us, "a certificate is for 1 to 100 hosts and 1 to 825 days");
    }
    BULLA_TRY(key, crypto::PrivateKey::generate(crypto::KeyType::p256));
    auto pem = key->pem();
    const crypto::Bio in(BIO_new_mem_buf(pem.view().data(), static_cast<int>(pem.size())));
    const crypto::Pkey pkey(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
    const Certificate certificate(X509_new());
    auto* made = certificate.get();
    if (!pkey || made == nullptr || X509_set_version(made, X509_VERSION_3) != 1 ||
        !set_serial(made) || !set_validity(made, clock.now(), days) ||
        !set_name(made, hosts[0].ascii()) || X509_set_pubkey(made, pkey.get()) != 1 ||
        !add_extensions(made, hosts) || X509_sign(made, pkey.get(), crypto::sha256_md()) == 0) {
        return failed();
    }
    const crypto::Bio out(BIO_new(BIO_s_mem()));
    char* start = nullptr;
    if (PEM_write_bio_X509(out.get(), made) != 1) {
        return failed();
    }
    const auto size = BIO_get_mem_data(out.get(), &start);
    return CertifiedKey{std::string(start, static_cast<std::size_t>(size)), std::move(pem)};
}

}  // namespace bulla::pki

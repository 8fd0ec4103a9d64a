#include "net/tls.h"

#include "names/ip.h"
#include "net/tls_impl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <fmt/format.h>

namespace bulla::net {

namespace {

struct BioFree {
    void operator()(BIO* bio) const { BIO_free(bio); }
};

struct X509Free {
    void operator()(X509* certificate) const { X509_free(certificate); }
};

struct KeyFree {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

using BioPtr = std::unique_ptr<BIO, BioFree>;

// What a chain may hold: more is no certificate file.
constexpr int max_chain = 20;

BioPtr make_bio(std::string_view bytes) {
    return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

// Encrypted keys are refused instead of asking on the terminal.
int no_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) {
    return 0;
}

std::unique_ptr<TlsContext::Impl> make_impl(const SSL_METHOD* method) {
    auto impl = std::make_unique<TlsContext::Impl>();
    impl->context.reset(SSL_CTX_new(method));
    SSL_CTX* context = impl->context.get();
    // RFC 8996 4: "TLS 1.0 MUST NOT be used."
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context,
                        SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                            SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                         SSL_MODE_RELEASE_BUFFERS);
    return impl;
}

Result<void> add_chain(SSL_CTX* context, BIO* bio) {
    for (int i = 0;; ++i) {
        X509* next = PEM_read_bio_X509(bio, nullptr, no_password, nullptr);
        if (next == nullptr) {
            ERR_clear_error();
            return {};
        }
        if (i == max_chain || SSL_CTX_add0_chain_cert(context, next) != 1) {
            X509_free(next);
            return fail("tls.bad_certificate",
                        Fault::us,
                        "the chain after the certificate is too long or cannot be used");
        }
    }
}

// RFC 5280 4.1.2.5: "The validity period for a certificate is the period of time from notBefore through notAfter, inclusive."
Result<Time> find_end(const X509& certificate) {
    std::tm end{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &end) != 1) {
        return fail(
            "tls.bad_certificate", Fault::us, "the TLS certificate has an end that is no time");
    }
    return from_unix(::timegm(&end));
}

}  // namespace

std::string take_ssl_error() {
    const auto code = ERR_get_error();
    ERR_clear_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "the connection was closed" : reason;
}

SslPtr make_ssl(const TlsContext& context, int fd, const std::string& name) {
    SslPtr ssl(SSL_new(context.impl().context.get()));
    if (!ssl || SSL_set_fd(ssl.get(), fd) != 1) {
        return nullptr;
    }
    if (name.empty()) {
        SSL_set_accept_state(ssl.get());
        return ssl;
    }
    SSL_set_connect_state(ssl.get());
    const auto address = Ip::parse(name);
    // RFC 6066 3: "Literal IPv4 and IPv6 addresses are not permitted in 'HostName'."
    if (!address && SSL_set_tlsext_host_name(ssl.get(), name.c_str()) != 1) {
        return nullptr;
    }
    if (context.impl().verify == TlsVerify::name) {
        X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl.get());
        X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        const bool set =
            address ? X509_VERIFY_PARAM_set1_ip_asc(parameters, address->text().c_str()) == 1
                    : X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), name.size()) == 1;
        if (!set) {
            return nullptr;
        }
    }
    return ssl;
}

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

TlsContext::~TlsContext() = default;

Time TlsContext::expires() const {
    return impl_->expires;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::make_server(std::string_view certificate_pem,
                                                                  std::string_view key_pem) {
    auto impl = make_impl(TLS_server_method());
    SSL_CTX* context = impl->context.get();
    const auto certificates = make_bio(certificate_pem);
    const std::unique_ptr<X509, X509Free> certificate(
        PEM_read_bio_X509(certificates.get(), nullptr, no_password, nullptr));
    if (!certificate || SSL_CTX_use_certificate(context, certificate.get()) != 1) {
        return fail("tls.bad_certificate",
                    Fault::us,
                    fmt::format("the TLS certificate cannot be used: {}", take_ssl_error()));
    }
    BULLA_TRY(expires, find_end(*certificate));
    impl->expires = expires;
    BULLA_CHECK(add_chain(context, certificates.get()));
    const auto key_bio = make_bio(key_pem);
    const std::unique_ptr<EVP_PKEY, KeyFree> key(
        PEM_read_bio_PrivateKey(key_bio.get(), nullptr, no_password, nullptr));
    if (!key) {
        return fail(
            "tls.bad_key",
            Fault::us,
            fmt::format("the key of the TLS certificate cannot be read: {}", take_ssl_error()));
    }
    if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        return fail(
            "tls.mismatch",
            Fault::us,
            fmt::format("the key does not belong to the TLS certificate: {}", take_ssl_error()));
    }
    // RFC 8446 4.6.1: a ticket saves the next connection the signature. The id only has to be the same for all connections.
    constexpr unsigned char id[] = "bulla";
    SSL_CTX_set_session_id_context(context, id, sizeof id - 1);
    SSL_CTX_set_num_tickets(context, 1);
    return std::make_shared<const TlsContext>(std::move(impl));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::make_client(TlsVerify verify,
                                                                  const std::string& ca_file) {
    auto impl = make_impl(TLS_client_method());
    impl->verify = verify;
    SSL_CTX* context = impl->context.get();
    if (verify == TlsVerify::none) {
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
        return std::make_shared<const TlsContext>(std::move(impl));
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    const int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context)
                                       : SSL_CTX_load_verify_file(context, ca_file.c_str());
    if (loaded != 1) {
        const auto which = ca_file.empty() ? std::string("the system's") : "those of " + ca_file;
        return fail(
            "tls.bad_ca",
            Fault::us,
            fmt::format("CA certificates ({}) cannot be read: {}", which, take_ssl_error()));
    }
    return std::make_shared<const TlsContext>(std::move(impl));
}

std::shared_ptr<const TlsContext> TlsSlot::current() const {
    const std::scoped_lock lock(mutex_);
    return current_;
}

void TlsSlot::set(std::shared_ptr<const TlsContext> next) {
    const std::scoped_lock lock(mutex_);
    current_.swap(next);
}

}  // namespace bulla::net

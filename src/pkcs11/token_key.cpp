#include "pkcs11/token_key.h"

#include "crypto/digest.h"
#include "pkcs11/library.h"
#include "pkcs11/public_half.h"
#include "pkcs11/session.h"
#include "pkcs11/uri.h"

#include <atomic>
#include <condition_variable>
#include <fmt/format.h>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace bulla::pkcs11 {
namespace {

using namespace std::string_view_literals;

// PKCS #11 3.0 2.3.15; p11-kit's header is older.
constexpr CK_MECHANISM_TYPE eddsa = 0x1057UL;

// RFC 8017 9.2: the DigestInfo of SHA-256 is this and the digest. It is made here because a token is given the digest, not the message
// (CKM_RSA_PKCS and not CKM_SHA256_RSA_PKCS).
constexpr auto sha256_info =
    "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"sv;

constexpr auto proof_message = "bulla"sv;

/// What a token is to sign, in its own terms.
struct Work {
    CK_MECHANISM_TYPE mechanism;
    std::string input;
};

Work make_digest_work(std::string_view digest) {
    return {CKM_RSA_PKCS, std::string(sha256_info).append(digest)};
}

Work make_message_work(crypto::KeyType type, std::string_view message) {
    if (type == crypto::KeyType::ed25519) {
        return {eddsa, std::string(message)};
    }
    return make_digest_work(crypto::view(crypto::sha256(message)));
}

}  // namespace

struct TokenKey::Impl {
    Impl(KeyUri name, Access allowed) : uri(std::move(name)), access(std::move(allowed)) {}

    const KeyUri uri;
    const Access access;
    std::unique_ptr<const crypto::PublicKey> public_half{};  // never null in a TokenKey

    /// sign_now(), and remembers what it came to.
    Result<std::string> sign(const Work& work);
    Result<std::string> sign_now(const Work& work);
    /// Lets go of the library, if no session needs it. Where no other key uses it either, it is initialised anew at the next try: some
    /// libraries (softhsm2) see no token that came later.
    void forget_library();
    /// Opens a session and lets it prove that it signs with the key it should. The first time of open() reads the public half.
    Result<std::unique_ptr<Session>> open_session();

    std::atomic<bool> ready = false;
    std::atomic<bool> has_signed = false;
    std::mutex failure_mutex;
    std::string failure;

  private:
    Result<std::unique_ptr<Session>> take();
    Result<std::unique_ptr<Session>> open_for_pool(std::uint64_t generation);
    void give(std::unique_ptr<Session> session);
    void drop(std::unique_ptr<Session> session, bool all);
    Result<std::shared_ptr<const Library>> library();
    Result<void> prove(Session& session);

    std::mutex mutex_;
    std::condition_variable changed_;
    std::shared_ptr<const Library> library_;
    std::vector<std::unique_ptr<Session>> idle_;
    std::size_t sessions_ = 0;         // in use and idle
    std::optional<std::size_t> most_;  // fewer than `access` allows: the token has no more
    std::uint64_t generation_ = 0;
};

Result<std::shared_ptr<const Library>> TokenKey::Impl::library() {
    {
        const std::scoped_lock lock(mutex_);
        if (library_ != nullptr) {
            return library_;
        }
    }
    BULLA_TRY(found, access.load ? access.load() : Library::find(uri, access));
    const std::scoped_lock lock(mutex_);
    library_ = found;
    return found;
}

void TokenKey::Impl::forget_library() {
    std::shared_ptr<const Library> last;  // Ended after the lock.
    const std::scoped_lock lock(mutex_);
    if (sessions_ == 0) {
        last.swap(library_);
    }
}

Result<void> TokenKey::Impl::prove(Session& session) {
    BULLA_TRY(type, read_key_type(session, uri));
    if (public_half == nullptr) {
        BULLA_TRY(half, read_public_half(session, uri));
        public_half = std::make_unique<const crypto::PublicKey>(std::move(half));
    }
    const auto other = [this] {
        return refuse_key("pkcs11.other_key",
                          "the key in the token is another one than its public half: was it made "
                          "anew? Take it over with a selector of its own",
                          uri);
    };
    if (type != public_half->type()) {
        return other();
    }
    const Work work = make_message_work(type, proof_message);
    BULLA_TRY(answer, session.sign(work.mechanism, work.input, uri));
    if (answer.outcome != CKR_OK) {
        return refuse_call(answer.call, answer.outcome, uri);
    }
    return public_half->verify_message(proof_message, answer.signature) ? Result<void>() : other();
}

Result<std::unique_ptr<Session>> TokenKey::Impl::open_session() {
    BULLA_TRY(loaded, library());
    BULLA_TRY(session, Session::open(loaded, uri));
    BULLA_CHECK(prove(*session));
    return std::move(session);
}

Result<std::unique_ptr<Session>> TokenKey::Impl::open_for_pool(std::uint64_t generation) {
    auto session = open_session();
    if (session) {
        (*session)->generation = generation;
        return session;
    }
    const std::scoped_lock lock(mutex_);
    --sessions_;
    // Others use the sessions that the token has: wait for one of ours. With none of ours there is nothing to wait for.
    if (session.error().code == "pkcs11.no_session" && sessions_ > 0) {
        most_ = sessions_;
    }
    changed_.notify_one();
    return session;
}

Result<std::unique_ptr<Session>> TokenKey::Impl::take() {
    while (true) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] {
            return !idle_.empty() || sessions_ < most_.value_or(access.most_sessions);
        });
        if (!idle_.empty()) {
            auto session = std::move(idle_.back());
            idle_.pop_back();
            return session;
        }
        ++sessions_;
        const auto generation = generation_;
        lock.unlock();
        auto session = open_for_pool(generation);
        if (!session && session.error().code == "pkcs11.no_session") {
            lock.lock();
            if (sessions_ > 0) {
                continue;
            }
        }
        return session;
    }
}

void TokenKey::Impl::give(std::unique_ptr<Session> session) {
    {
        const std::scoped_lock lock(mutex_);
        if (session->generation == generation_) {
            idle_.push_back(std::move(session));
        } else {
            --sessions_;
        }
    }
    changed_.notify_one();
}

void TokenKey::Impl::drop(std::unique_ptr<Session> session, bool all) {
    std::vector<std::unique_ptr<Session>> closed;
    {
        const std::scoped_lock lock(mutex_);
        // Whoever finds the loss first ends all the sessions of that time; the others only their own.
        if (all && session->generation == generation_) {
            ++generation_;
            most_.reset();
            sessions_ -= idle_.size();
            closed.swap(idle_);
        }
        --sessions_;
    }
    closed.push_back(std::move(session));
    closed.clear();
    changed_.notify_all();
}

Result<std::string> TokenKey::Impl::sign(const Work& work) {
    auto signature = sign_now(work);
    if (!signature) {
        forget_library();
    }
    if (!signature || !ready) {
        const std::scoped_lock lock(failure_mutex);
        failure = signature ? std::string() : signature.error().text;
        has_signed = has_signed || signature;
        ready = signature.has_value();
    }
    return signature;
}

Result<std::string> TokenKey::Impl::sign_now(const Work& work) {
    for (int tries = 0;; ++tries) {
        auto session = take();
        if (!session && session.error().code == "pkcs11.failed" && tries == 0) {
            continue;  // It was reset while the session was opened.
        }
        if (!session) {
            return std::unexpected(std::move(session).error());
        }
        auto answer = (*session)->sign(work.mechanism, work.input, uri);
        if (answer && answer->outcome == CKR_OK) {
            give(*std::move(session));
            return std::move(answer->signature);
        }
        const bool lost = answer && is_lost(answer->outcome);
        drop(*std::move(session), lost);
        if (lost && tries == 0) {
            continue;
        }
        return answer ? refuse_call(answer->call, answer->outcome, uri)
                      : std::unexpected(std::move(answer).error());
    }
}

TokenKey::TokenKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

TokenKey::~TokenKey() = default;

Result<std::shared_ptr<TokenKey>> TokenKey::open(std::string_view uri, const Access& access) {
    BULLA_TRY(name, KeyUri::parse(uri));
    BULLA_CHECK(check_module(name, access));
    auto impl = std::make_unique<Impl>(std::move(name), access);
    // The session that reads the public half is not kept: the pool's begin with one that is known.
    BULLA_CHECK(impl->open_session());
    auto key = std::make_shared<TokenKey>(std::move(impl));
    BULLA_CHECK(key->probe());
    return key;
}

Result<std::shared_ptr<TokenKey>> TokenKey::expect(std::string_view uri,
                                                   const Access& access,
                                                   crypto::PublicKey public_half) {
    BULLA_TRY(name, KeyUri::parse(uri));
    BULLA_CHECK(check_module(name, access));
    auto impl = std::make_unique<Impl>(std::move(name), access);
    impl->public_half = std::make_unique<const crypto::PublicKey>(std::move(public_half));
    return std::make_shared<TokenKey>(std::move(impl));
}

Result<void> TokenKey::probe() const {
    if (impl_->ready) {
        return {};
    }
    BULLA_CHECK(sign_message(proof_message));
    return {};
}

bool TokenKey::is_ready() const {
    return impl_->ready;
}

std::string TokenKey::failure() const {
    const std::scoped_lock lock(impl_->failure_mutex);
    return impl_->failure;
}

bool TokenKey::has_signed() const {
    return impl_->has_signed;
}

const std::string& TokenKey::uri() const {
    return impl_->uri.text();
}

const crypto::PublicKey& TokenKey::public_key() const {
    return *impl_->public_half;
}

Result<std::string> TokenKey::sign_digest(std::string_view digest) const {
    if (public_key().type() == crypto::KeyType::ed25519 || digest.size() != 32) {
        throw std::logic_error("sign_digest: an ed25519 key, or no SHA-256 digest");
    }
    return impl_->sign(make_digest_work(digest));
}

Result<std::string> TokenKey::sign_message(std::string_view message) const {
    return impl_->sign(make_message_work(public_key().type(), message));
}

}  // namespace bulla::pkcs11

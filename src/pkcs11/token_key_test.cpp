#include "pkcs11/token_key.h"

#include "crypto/digest.h"
#include "pkcs11/library.h"
#include "pkcs11/public_half.h"
#include "pkcs11/testing.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <sys/stat.h>
#include <thread>

#if __has_feature(address_sanitizer)
// softhsm2 2.6.1 loses 37 octets at each C_SignInit with an Ed25519 key. The slow unwinder sees that it is softhsm2.
// NOLINTBEGIN(bugprone-reserved-identifier): the sanitizer's names
extern "C" const char* __asan_default_options() {
    return "fast_unwind_on_malloc=0";
}

extern "C" const char* __lsan_default_suppressions() {
    return "leak:libsofthsm2.so";
}

// NOLINTEND(bugprone-reserved-identifier)
#endif

namespace bulla::pkcs11 {
namespace {

using namespace std::string_view_literals;

std::string digest() {
    return std::string(crypto::view(crypto::sha256("the canonical header")));
}

// Calls of the token that tests let fail, count or wait; the rest is softhsm2's.
struct Faulty {
    static inline CK_FUNCTION_LIST* real = nullptr;
    static inline std::atomic<int> signs = 0;
    static inline std::atomic<int> logins = 0;
    static inline std::atomic<int> failures = 0;  ///< As many calls as this fail …
    static inline std::string call{};             ///< … of this name …
    static inline CK_RV outcome = CKR_OK;         ///< … with this.
    static inline CK_FLAGS flags = 0;             ///< More flags of the token.
    static inline std::atomic<int> open = 0;
    static inline std::atomic<int> most_open = 0;
    static inline int sessions_left = 1000;

    static bool fails(std::string_view name) { return name == call && failures.fetch_sub(1) > 0; }

    static CK_FUNCTION_LIST make(CK_FUNCTION_LIST& functions) {
        real = &functions;
        signs = logins = failures = open = most_open = 0;
        call.clear();
        outcome = CKR_OK;
        flags = 0;
        sessions_left = 1000;
        CK_FUNCTION_LIST out = functions;
        out.C_GetTokenInfo = [](CK_SLOT_ID slot, CK_TOKEN_INFO* info) -> CK_RV {
            const CK_RV said = real->C_GetTokenInfo(slot, info);
            info->flags |= flags;
            return fails("C_GetTokenInfo") ? outcome : said;
        };
        out.C_OpenSession = [](CK_SLOT_ID slot,
                               CK_FLAGS how,
                               void* application,
                               CK_NOTIFY notify,
                               CK_SESSION_HANDLE* session) -> CK_RV {
            if (fails("C_OpenSession")) {
                return outcome;
            }
            const int now = ++open;
            if (now > sessions_left) {
                --open;
                return CKR_SESSION_COUNT;
            }
            most_open = std::max(most_open.load(), now);
            return real->C_OpenSession(slot, how, application, notify, session);
        };
        out.C_CloseSession = [](CK_SESSION_HANDLE session) -> CK_RV {
            --open;
            return real->C_CloseSession(session);
        };
        out.C_Login = [](CK_SESSION_HANDLE session,
                         CK_USER_TYPE user,
                         unsigned char* pin,
                         CK_ULONG size) -> CK_RV {
            ++logins;
            return fails("C_Login") ? outcome : real->C_Login(session, user, pin, size);
        };
        out.C_FindObjectsInit =
            [](CK_SESSION_HANDLE session, CK_ATTRIBUTE* wanted, CK_ULONG count) -> CK_RV {
            return fails("C_FindObjectsInit") ? outcome
                                              : real->C_FindObjectsInit(session, wanted, count);
        };
        out.C_FindObjects = [](CK_SESSION_HANDLE session,
                               CK_OBJECT_HANDLE* found,
                               CK_ULONG most,
                               CK_ULONG* count) -> CK_RV {
            return fails("C_FindObjects") ? outcome
                                          : real->C_FindObjects(session, found, most, count);
        };
        out.C_GetAttributeValue = [](CK_SESSION_HANDLE session,
                                     CK_OBJECT_HANDLE object,
                                     CK_ATTRIBUTE* wanted,
                                     CK_ULONG count) -> CK_RV {
            return fails("C_GetAttributeValue")
                       ? outcome
                       : real->C_GetAttributeValue(session, object, wanted, count);
        };
        out.C_SignInit =
            [](CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) -> CK_RV {
            return fails("C_SignInit") ? outcome : real->C_SignInit(session, mechanism, key);
        };
        out.C_Sign = [](CK_SESSION_HANDLE session,
                        unsigned char* data,
                        CK_ULONG size,
                        unsigned char* signature,
                        CK_ULONG* signature_size) -> CK_RV {
            ++signs;
            if (fails("C_Sign")) {
                return outcome;
            }
            return real->C_Sign(session, data, size, signature, signature_size);
        };
        return out;
    }
};

Access through(CK_FUNCTION_LIST& functions) {
    Access access = TestToken::access();
    access.load = [&functions] {
        return Result<std::shared_ptr<const Library>>(Library::wrap(&functions));
    };
    return access;
}

std::string code_of(const Result<std::shared_ptr<TokenKey>>& key) {
    return key ? "opened" : std::string(key.error().code);
}

TEST(Pkcs11, DK_19_an_rsa_key_in_a_token_signs_as_rfc8017_8_2_says) {
    const TestToken token;
    token.make_rsa({.label = "s2026"});
    const auto key = TokenKey::open(token.uri("s2026"), TestToken::access());
    ASSERT_TRUE(key) << key.error().text;
    EXPECT_EQ((*key)->public_key().type(), crypto::KeyType::rsa);
    EXPECT_EQ((*key)->public_key().bits(), 2048U);
    EXPECT_TRUE((*key)->is_ready());
    EXPECT_EQ((*key)->uri(), token.uri("s2026"));
    const auto signature = (*key)->sign_digest(digest());
    ASSERT_TRUE(signature) << signature.error().text;
    // What OpenSSL says, and that of a public key that was written and read.
    EXPECT_TRUE((*key)->public_key().verify_digest(digest(), *signature));
    const auto read = crypto::PublicKey::parse_pem((*key)->public_key().pem());
    EXPECT_TRUE(read->verify_message("the canonical header", *signature));
    EXPECT_FALSE(read->verify_message("the canonical headeR", *signature));
    EXPECT_EQ(*signature, (*key)->sign_message("the canonical header").value());
    EXPECT_THROW(std::ignore = (*key)->sign_digest("short"), std::logic_error);
}

TEST(Pkcs11, DK_19_an_ed25519_key_in_a_token_signs_as_rfc8032_5_1_says) {
    const TestToken token;
    token.make_ed25519({.label = "e2026"});
    const auto key = TokenKey::open(token.uri("e2026"), TestToken::access());
    ASSERT_TRUE(key) << key.error().text;
    EXPECT_EQ((*key)->public_key().type(), crypto::KeyType::ed25519);
    const auto signature = (*key)->sign_message("a hash");
    ASSERT_TRUE(signature) << signature.error().text;
    EXPECT_EQ(signature->size(), 64U);
    const auto read = crypto::PublicKey::from_ed25519((*key)->public_key().ed25519_raw());
    EXPECT_TRUE(read->verify_message("a hash", *signature));
    EXPECT_FALSE(read->verify_message("a hasH", *signature));
    EXPECT_THROW(std::ignore = (*key)->sign_digest(digest()), std::logic_error);
}

TEST(Pkcs11, DK_19_the_public_half_is_found_or_its_lack_is_said) {
    const TestToken token;
    // RSA's private object tells it; Ed25519's does not.
    token.make_rsa({.label = "rsa", .id = "\x01", .with_public = false});
    token.make_ed25519({.label = "ed", .id = "\x02", .with_public = false});
    token.make_ed25519({.label = "both", .id = "", .with_public = true});
    EXPECT_EQ(code_of(TokenKey::open(token.uri("rsa"), TestToken::access())), "opened");
    EXPECT_EQ(code_of(TokenKey::open(token.uri("ed"), TestToken::access())), "pkcs11.no_public");
    EXPECT_EQ(code_of(TokenKey::open(token.uri("both"), TestToken::access())), "opened");
}

TEST(Pkcs11, DK_19_other_types_of_key_are_refused) {
    const TestToken token;
    token.make_p256({.label = "ec"});
    EXPECT_EQ(code_of(TokenKey::open(token.uri("ec"), TestToken::access())), "pkcs11.key_type");
}

TEST(Pkcs11, DK_19_missing_and_ambiguous_tokens_and_keys_are_told_apart) {
    const TestToken token;
    token.make_rsa({.label = "one", .id = "\x01"});
    const auto access = TestToken::access();
    EXPECT_EQ(code_of(TokenKey::open(token.uri("none"), access)), "pkcs11.no_key");
    token.make_rsa({.label = "one", .id = "\x02"});
    const auto two = TokenKey::open(token.uri("one"), access);
    EXPECT_EQ(code_of(two), "pkcs11.two_keys");
    EXPECT_EQ(two.error().fault, Fault::us);
    EXPECT_NE(two.error().text.find(token.uri("one")), std::string::npos);
    auto exact = token.uri("one");
    exact.insert(exact.find(";type"), ";id=%02");
    EXPECT_EQ(code_of(TokenKey::open(exact, access)), "opened");
    auto away = token.uri("one");
    away.replace(away.find("token=mail"), 10, "token=post");
    EXPECT_EQ(code_of(TokenKey::open(away, access)), "pkcs11.token_away");
    token.add_token("mail");
    EXPECT_EQ(code_of(TokenKey::open(exact, access)), "pkcs11.two_tokens");
}

TEST(Pkcs11, DK_19_a_library_that_is_not_allowed_is_never_loaded) {
    const TestToken token;
    token.make_rsa({.label = "one"});
    const auto refused = TokenKey::open(token.uri("one"), {});
    EXPECT_EQ(code_of(refused), "pkcs11.module_refused");
    EXPECT_NE(refused.error().text.find("[pkcs11] modules"), std::string::npos);
    EXPECT_EQ(code_of(TokenKey::open("pkcs11:token=a;object=b?module-path=/nonexistent.so",
                                     {.modules = {"/nonexistent.so"}})),
              "pkcs11.module");
}

TEST(Pkcs11, DK_19_p11_kits_own_configuration_names_libraries_too) {
    const TestToken token;
    token.make_rsa({.label = "one"});
    auto uri = token.uri("one");
    uri.resize(uri.find("&module-path"));
    EXPECT_EQ(code_of(TokenKey::open(uri + "&module-name=softhsm2", {})), "opened");
    EXPECT_EQ(code_of(TokenKey::open(uri + "&module-name=other", {})), "pkcs11.token_away");
}

TEST(Pkcs11, DK_19_a_pin_is_tried_once_and_again_when_its_file_changes) {
    const TestToken token;
    token.make_rsa({.label = "one"});
    token.write_pin("000000");
    auto functions = Faulty::make(token.functions());
    const auto access = through(functions);
    const auto wrong = TokenKey::open(token.uri("one"), access);
    EXPECT_EQ(code_of(wrong), "pkcs11.pin_wrong");
    EXPECT_EQ(wrong.error().text.find("000000"), std::string::npos);
    EXPECT_NE(wrong.error().text.find(token.pin_file()), std::string::npos);
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(code_of(TokenKey::open(token.uri("one"), access)), "pkcs11.pin_wrong");
    }
    EXPECT_EQ(Faulty::logins, 1);
    token.write_pin(TestToken::good_pin);
    EXPECT_EQ(code_of(TokenKey::open(token.uri("one"), access)), "opened");
}

TEST(Pkcs11, DK_19_no_pin_is_tried_where_a_wrong_one_would_lock_the_token) {
    const TestToken token;
    token.make_rsa({.label = "one"});
    auto functions = Faulty::make(token.functions());
    for (const CK_FLAGS flag : {CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_LOCKED}) {
        Faulty::flags = flag;
        EXPECT_EQ(code_of(TokenKey::open(token.uri("one"), through(functions))),
                  "pkcs11.pin_locked");
    }
    EXPECT_EQ(Faulty::logins, 0);
}

TEST(Pkcs11, DK_19_a_pin_file_that_others_can_read_is_refused) {
    const TestToken token;
    token.make_rsa({.label = "one"});
    const auto access = TestToken::access();
    ASSERT_EQ(::chmod(token.pin_file().c_str(), 0640), 0);
    const auto refused = TokenKey::open(token.uri("one"), access);
    EXPECT_EQ(code_of(refused), "pkcs11.pin_file");
    EXPECT_NE(refused.error().text.find("chmod 600"), std::string::npos);
    std::filesystem::remove(token.pin_file());
    EXPECT_EQ(code_of(TokenKey::open(token.uri("one"), access)), "pkcs11.pin_file");
    token.write_pin("");
    EXPECT_EQ(code_of(TokenKey::open(token.uri("one"), access)), "pkcs11.pin_file");
    auto none = token.uri("one");
    none.erase(none.find("pin-source"), none.find("module-path") - none.find("pin-source"));
    EXPECT_EQ(code_of(TokenKey::open(none, access)), "pkcs11.no_pin");
}

TEST(Pkcs11, DK_19_a_key_that_asks_for_the_pin_each_time_gets_it) {
    const TestToken token;
    token.make_rsa({.label = "one", .always_authenticate = true});
    auto functions = Faulty::make(token.functions());
    const auto key = TokenKey::open(token.uri("one"), through(functions));
    ASSERT_TRUE(key) << key.error().text;
    const int before = Faulty::logins;
    EXPECT_TRUE((*key)->sign_digest(digest()));
    EXPECT_TRUE((*key)->sign_digest(digest()));
    EXPECT_EQ(Faulty::logins, before + 2);
}

TEST(Pkcs11, DK_19_a_reset_of_the_token_costs_one_more_try_and_no_signature) {
    const TestToken token;
    token.make_rsa({.label = "one"});
    auto functions = Faulty::make(token.functions());
    const auto key = TokenKey::open(token.uri("one"), through(functions));
    ASSERT_TRUE(key) << key.error().text;
    token.close_all_sessions();
    EXPECT_TRUE((*key)->sign_digest(digest()));
    // Logged out behind our back.
    CK_SESSION_HANDLE other = 0;
    ASSERT_EQ(token.functions().C_OpenSession(
                  token.slots().front(), CKF_SERIAL_SESSION, nullptr, nullptr, &other),
              CKR_OK);
    ASSERT_EQ(token.functions().C_Logout(other), CKR_OK);
    EXPECT_TRUE((*key)->sign_digest(digest()));
    for (const CK_RV lost : {CKR_SESSION_HANDLE_INVALID,
                             CKR_DEVICE_REMOVED,
                             CKR_TOKEN_NOT_PRESENT,
                             CKR_USER_NOT_LOGGED_IN,
                             CKR_KEY_HANDLE_INVALID,
                             CKR_DEVICE_ERROR}) {
        Faulty::outcome = lost;
        for (const std::string_view call : {"C_SignInit", "C_Sign"}) {
            Faulty::call = call;
            Faulty::failures = 1;
            const auto signature = (*key)->sign_digest(digest());
            EXPECT_TRUE(signature) << call << ": " << signature.error().text;
        }
        Faulty::failures = 1000;
        const auto refused = (*key)->sign_digest(digest());
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, "pkcs11.failed");
        EXPECT_EQ(refused.error().fault, Fault::us);
        EXPECT_FALSE((*key)->is_ready());
        Faulty::failures = 0;
        EXPECT_TRUE((*key)->probe());
        EXPECT_TRUE((*key)->is_ready());
    }
}

TEST(Pkcs11, DK_19_whatever_call_fails_once_while_a_session_opens_the_next_signature_is_made) {
    const TestToken token;
    token.make_ed25519({.label = "one"});
    auto functions = Faulty::make(token.functions());
    const auto key = TokenKey::open(token.uri("one"), through(functions));
    ASSERT_TRUE(key) << key.error().text;
    for (const std::string_view call : {"C_GetTokenInfo",
                                        "C_OpenSession",
                                        "C_Login",
                                        "C_FindObjectsInit",
                                        "C_FindObjects",
                                        "C_GetAttributeValue",
                                        "C_SignInit",
                                        "C_Sign"}) {
        token.close_all_sessions();
        Faulty::call = call;
        Faulty::outcome = CKR_DEVICE_ERROR;
        Faulty::failures = 1;
        std::ignore = (*key)->sign_message("x");
        Faulty::failures = 0;
        const auto signature = (*key)->sign_message("x");
        ASSERT_TRUE(signature) << call << ": " << signature.error().text;
        EXPECT_TRUE((*key)->public_key().verify_message("x", *signature));
        EXPECT_EQ(Faulty::open, 1) << call << " leaks sessions";
    }
}

TEST(Pkcs11, DK_19_a_permanent_refusal_is_not_tried_again) {
    const TestToken token;
    token.make_rsa({.label = "one"});
    auto functions = Faulty::make(token.functions());
    const auto key = TokenKey::open(token.uri("one"), through(functions));
    ASSERT_TRUE(key) << key.error().text;
    const int before = Faulty::signs;
    Faulty::call = "C_Sign";
    Faulty::outcome = CKR_KEY_FUNCTION_NOT_PERMITTED;
    Faulty::failures = 1000;
    EXPECT_FALSE((*key)->sign_digest(digest()));
    EXPECT_EQ(Faulty::signs, before + 1);
}

TEST(Pkcs11, DK_19_a_token_that_is_away_at_the_start_is_used_once_it_is_there) {
    TestToken token;
    token.make_rsa({.label = "one"});
    const auto half = TokenKey::open(token.uri("one"), TestToken::access()).value()->public_key();
    token.hide(true);
    const auto key = TokenKey::expect(token.uri("one"), TestToken::access(), half);
    ASSERT_TRUE(key) << key.error().text;
    EXPECT_FALSE((*key)->is_ready());
    const auto away = (*key)->probe();
    ASSERT_FALSE(away);
    EXPECT_EQ(away.error().code, "pkcs11.token_away");
    EXPECT_EQ((*key)->sign_digest(digest()).error().code, "pkcs11.token_away");
    token.hide(false);
    const auto back = (*key)->probe();
    ASSERT_TRUE(back) << back.error().text;
    EXPECT_TRUE(half.verify_digest(digest(), (*key)->sign_digest(digest()).value()));
}

TEST(Pkcs11, DK_19_another_key_under_the_same_name_signs_nothing) {
    const TestToken token;
    token.make_rsa({.label = "one"});
    const auto key = TokenKey::open(token.uri("one"), TestToken::access());
    ASSERT_TRUE(key) << key.error().text;
    token.destroy_keys();
    token.make_rsa({.label = "one"});
    const auto refused = (*key)->sign_digest(digest());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "pkcs11.other_key");
    token.destroy_keys();
    token.make_ed25519({.label = "one"});
    EXPECT_EQ((*key)->sign_digest(digest()).error().code, "pkcs11.other_key");
}

TEST(Pkcs11, DK_19_eight_threads_share_the_sessions_even_while_the_token_is_reset) {
    const TestToken token;
    token.make_ed25519({.label = "one"});
    auto functions = Faulty::make(token.functions());
    auto access = through(functions);
    access.most_sessions = 3;
    const auto key = TokenKey::open(token.uri("one"), access);
    ASSERT_TRUE(key) << key.error().text;
    std::atomic<int> good = 0;
    const auto work = [&] {
        for (int i = 0; i < 50; ++i) {
            const auto text = std::to_string(i);
            const auto signature = (*key)->sign_message(text);
            good += signature && (*key)->public_key().verify_message(text, *signature) ? 1 : 0;
        }
    };
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back(work);
        }
    }
    EXPECT_EQ(good, 8 * 50);
    EXPECT_LE(Faulty::most_open, 3);
    // A loss under load: each of those under way tries once more.
    Faulty::call = "C_SignInit";
    Faulty::outcome = CKR_DEVICE_REMOVED;
    Faulty::failures = 1;
    good = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back(work);
        }
    }
    EXPECT_EQ(good, 8 * 50);
    EXPECT_LE(Faulty::most_open, 3);
}

TEST(Pkcs11, DK_19_a_token_with_fewer_sessions_than_threads_lets_them_wait) {
    const TestToken token;
    token.make_ed25519({.label = "one"});
    auto functions = Faulty::make(token.functions());
    Faulty::sessions_left = 1;
    const auto key = TokenKey::open(token.uri("one"), through(functions));
    ASSERT_TRUE(key) << key.error().text;
    std::atomic<int> good = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&] {
                for (int n = 0; n < 20; ++n) {
                    good += (*key)->sign_message("x") ? 1 : 0;
                }
            });
        }
    }
    EXPECT_EQ(good, 8 * 20);
    Faulty::sessions_left = 0;
    token.close_all_sessions();
    EXPECT_EQ((*key)->sign_message("x").error().code, "pkcs11.no_session");
}

TEST(Pkcs11, DK_19_points_of_ed25519_are_read_as_libraries_write_them) {
    const std::string raw(32, 'k');
    EXPECT_EQ(read_ed25519_point(raw), raw);
    EXPECT_EQ(read_ed25519_point("\x04\x20" + raw), raw);
    EXPECT_EQ(read_ed25519_point(std::string("\x03\x21\x00"sv) + raw), raw);
    EXPECT_EQ(read_ed25519_point(""), "");
    EXPECT_EQ(read_ed25519_point("\x04\x21" + raw), "");
    EXPECT_EQ(read_ed25519_point(raw + "k"), "");
}

TEST(Pkcs11, DK_19_rfc8017_a_1_1_a_modulus_is_written_as_a_positive_number) {
    EXPECT_EQ(write_rsa_public_key("\x01", "\x03"), "\x30\x06\x02\x01\x01\x02\x01\x03"sv);
    EXPECT_EQ(write_rsa_public_key("\x80"sv, "\x00\x03"sv),
              "\x30\x07\x02\x02\x00\x80\x02\x01\x03"sv);
    EXPECT_EQ(write_rsa_public_key("", "\x03"), "\x30\x06\x02\x01\x00\x02\x01\x03"sv);
}

}  // namespace
}  // namespace bulla::pkcs11

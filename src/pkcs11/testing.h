#pragma once
#include "pkcs11/library.h"
#include "pkcs11/token_key.h"
#include "pkcs11/uri.h"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <p11-kit/pkcs11.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// A token of softhsm2 in a folder of its own; for tests alone.

namespace bulla::pkcs11 {

inline constexpr std::string_view softhsm_path = "/usr/lib/softhsm/libsofthsm2.so";

class TestToken {
  public:
    static constexpr std::string_view good_pin = "271828";

    /// An initialised token of that label, and the PIN in a file.
    explicit TestToken(const std::string& label = "mail") : label_(label) {
        std::string name = (std::filesystem::temp_directory_path() / "bulla-token-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("mkdtemp");
        }
        folder_ = name;
        std::filesystem::create_directory(folder_ / "tokens");
        std::ofstream(folder_ / "softhsm2.conf")
            << "directories.tokendir = " << (folder_ / "tokens").string()
            << "\nobjectstore.backend = file\nlog.level = ERROR\n";
        // softhsm2 reads it when it is initialised: the last token of a process decides.
        ::setenv("SOFTHSM2_CONF", (folder_ / "softhsm2.conf").c_str(), 1);
        write_pin(good_pin);
        load();
        add_token(label);
    }

    TestToken(const TestToken&) = delete;
    TestToken& operator=(const TestToken&) = delete;

    ~TestToken() {
        library_.reset();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    [[nodiscard]] static Access access() { return {.modules = {std::string(softhsm_path)}}; }

    [[nodiscard]] std::string pin_file() const { return (folder_ / "pin").string(); }

    void write_pin(std::string_view pin) const {
        // Another file each time, as those do who care for it: that its time is the same proves nothing then.
        const auto beside = folder_ / "pin.new";
        std::ofstream(beside) << pin << '\n';
        std::filesystem::permissions(
            beside, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
        std::filesystem::rename(beside, pin_file());
    }

    /// The URI of a key.
    [[nodiscard]] std::string uri(std::string_view object) const {
        return fmt::format(
            "pkcs11:token={};object={};type=private?pin-source=file:{}&module-path={}",
            label_,
            object,
            pin_file(),
            softhsm_path);
    }

    /// softhsm2's functions, through p11-kit.
    [[nodiscard]] CK_FUNCTION_LIST& functions() const {
        return *library_->modules().front().functions;
    }

    /// Takes the token away from whoever initialises the library from now on, or brings it back; the object lets go of the library.
    void hide(bool away) {
        library_.reset();
        const auto place = folder_ / "tokens";
        const auto hidden = folder_ / "away";
        if (away) {
            std::filesystem::rename(place, hidden);
            std::filesystem::create_directory(place);
        } else {
            std::filesystem::remove(place);
            std::filesystem::rename(hidden, place);
        }
    }

    /// One more token.
    void add_token(const std::string& label) const {
        std::string padded = label;
        padded.resize(32, ' ');
        CK_FUNCTION_LIST& f = functions();
        const auto slot = slots().back();  // softhsm2 keeps one free slot, the last.
        const std::string so_pin = "314159";
        check(f.C_InitToken(slot, octets(so_pin), so_pin.size(), octets(padded)), "C_InitToken");
        const auto session = open_session(slot);
        const std::string pin(good_pin);
        check(f.C_Login(session, CKU_SO, octets(so_pin), so_pin.size()), "C_Login");
        check(f.C_InitPIN(session, octets(pin), pin.size()), "C_InitPIN");
        check(f.C_CloseSession(session), "C_CloseSession");
    }

    struct KeyWishes {
        std::string label = "key";
        std::string id = "\x01";
        CK_ULONG bits = 2048;
        bool with_public = true;
        bool always_authenticate = false;
    };

    void make_rsa(const KeyWishes& wishes) const {
        CK_BYTE exponent[] = {1, 0, 1};  // NOLINT: cryptoki's
        CK_ULONG bits = wishes.bits;
        make_pair({CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0},
                  {{CKA_MODULUS_BITS, &bits, sizeof bits},
                   {CKA_PUBLIC_EXPONENT, exponent, sizeof exponent}},
                  wishes);
    }

    void make_ed25519(const KeyWishes& wishes) const {
        std::string curve("\x06\x03\x2b\x65\x70", 5);
        make_pair({0x1055UL, nullptr, 0}, {{CKA_EC_PARAMS, curve.data(), curve.size()}}, wishes);
    }

    void make_p256(const KeyWishes& wishes) const {
        std::string curve("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 10);
        make_pair({CKM_EC_KEY_PAIR_GEN, nullptr, 0},
                  {{CKA_EC_PARAMS, curve.data(), curve.size()}},
                  wishes);
    }

    /// Takes all private and public keys away.
    void destroy_keys() const {
        CK_FUNCTION_LIST& f = functions();
        const auto session = log_in();
        check(f.C_FindObjectsInit(session, nullptr, 0), "C_FindObjectsInit");
        std::vector<CK_OBJECT_HANDLE> found(100);
        CK_ULONG count = 0;
        check(f.C_FindObjects(session, found.data(), found.size(), &count), "C_FindObjects");
        check(f.C_FindObjectsFinal(session), "C_FindObjectsFinal");
        for (CK_ULONG i = 0; i < count; ++i) {
            check(f.C_DestroyObject(session, found[i]), "C_DestroyObject");
        }
        check(f.C_CloseSession(session), "C_CloseSession");
    }

    /// What a reset of the token does to all who use it.
    void close_all_sessions() const {
        for (const auto slot : slots()) {
            functions().C_CloseAllSessions(slot);
        }
    }

    [[nodiscard]] std::vector<CK_SLOT_ID> slots() const {
        CK_ULONG count = 0;
        check(functions().C_GetSlotList(CK_TRUE, nullptr, &count), "C_GetSlotList");
        std::vector<CK_SLOT_ID> out(count);
        check(functions().C_GetSlotList(CK_TRUE, out.data(), &count), "C_GetSlotList");
        return out;
    }

  private:
    static void check(CK_RV outcome, const char* call) {
        if (outcome != CKR_OK) {
            throw std::runtime_error(fmt::format("{}: 0x{:x}", call, outcome));
        }
    }

    static unsigned char* octets(const std::string& text) {
        return reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
    }

    void load() {
        auto found = Library::find(*KeyUri::parse(uri("none")), access());
        if (!found) {
            throw std::runtime_error(found.error().text);
        }
        library_ = *std::move(found);
    }

    [[nodiscard]] CK_SESSION_HANDLE open_session(CK_SLOT_ID slot) const {
        CK_SESSION_HANDLE session = 0;
        check(functions().C_OpenSession(
                  slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session),
              "C_OpenSession");
        return session;
    }

    // In the first token; it stays logged in for as long as any session is open.
    [[nodiscard]] CK_SESSION_HANDLE log_in() const {
        const auto session = open_session(slots().front());
        const std::string pin(good_pin);
        const CK_RV outcome = functions().C_Login(session, CKU_USER, octets(pin), pin.size());
        check(outcome == CKR_USER_ALREADY_LOGGED_IN ? CKR_OK : outcome, "C_Login");
        return session;
    }

    void make_pair(CK_MECHANISM mechanism,
                   std::vector<CK_ATTRIBUTE> public_half,
                   const KeyWishes& wishes) const {
        CK_BBOOL yes = CK_TRUE;
        CK_BBOOL on_token = wishes.with_public ? CK_TRUE : CK_FALSE;
        CK_BBOOL always = wishes.always_authenticate ? CK_TRUE : CK_FALSE;
        std::string label = wishes.label;
        std::string id = wishes.id;
        const CK_ATTRIBUTE name{CKA_LABEL, label.data(), label.size()};
        const CK_ATTRIBUTE number{CKA_ID, id.data(), id.size()};
        public_half.insert(public_half.end(),
                           {name,
                            number,
                            {CKA_TOKEN, &on_token, sizeof on_token},
                            {CKA_VERIFY, &yes, sizeof yes}});
        std::vector<CK_ATTRIBUTE> private_half{name,
                                               number,
                                               {CKA_TOKEN, &yes, sizeof yes},
                                               {CKA_PRIVATE, &yes, sizeof yes},
                                               {CKA_SENSITIVE, &yes, sizeof yes},
                                               {CKA_SIGN, &yes, sizeof yes},
                                               {CKA_ALWAYS_AUTHENTICATE, &always, sizeof always}};
        const auto session = log_in();
        CK_OBJECT_HANDLE public_handle = 0;
        CK_OBJECT_HANDLE private_handle = 0;
        check(functions().C_GenerateKeyPair(session,
                                            &mechanism,
                                            public_half.data(),
                                            public_half.size(),
                                            private_half.data(),
                                            private_half.size(),
                                            &public_handle,
                                            &private_handle),
              "C_GenerateKeyPair");
        check(functions().C_CloseSession(session), "C_CloseSession");
    }

    std::string label_;
    std::filesystem::path folder_;
    std::shared_ptr<const Library> library_;
};

}  // namespace bulla::pkcs11

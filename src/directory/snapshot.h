#pragma once
#include "config/config.h"
#include "crypto/key.h"
#include "directory/pattern.h"
#include "dkim/sign.h"
#include "names/domain.h"
#include "names/ip.h"
#include "names/mailbox.h"
#include "names/selector.h"
#include "policy/dkimdomains.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bulla::directory {

class SigningPolicy;
}  // namespace bulla::directory

namespace bulla::pkcs11 {
class TokenKey;
}

namespace bulla::directory {

enum class AccountRole { user, domain_admin, admin, auditor };

/// May an account put a From address on its mail that is not its own? (setting send_as)
enum class SendAs { own, domain, any };

struct Account {
    std::string login;
    Mailbox address;
    AccountRole role = AccountRole::user;
    std::vector<std::string>
        domains{};          ///< What a domain_admin administers, as DomainName::ascii().
    bool disabled = false;  ///< It, or (but for administrators and auditors) its domain.
    bool one_time_password =
        false;             ///< Must be changed; it is good for the console and CLI, not for SMTP.
    std::string password;  ///< Argon2id string; never leaves the directory but for verification.
    SendAs send_as = SendAs::own;
};

/// What becomes of mail for an address of a local domain that no account has? (setting unknown_recipients)
enum class UnknownRecipients { by_route, refuse, accept };

/// A DKIM key of a domain, ready to sign.
struct DkimKey {
    DomainName domain;
    Selector selector;
    std::shared_ptr<const crypto::Signer> signer;
    bool record_wrong =
        false;  ///< The DNS had no record of it, or another, when it was asked last (DK-17).
};

/// A DKIM key that lies in a token, in force or not.
struct TokenKeyUse {
    std::shared_ptr<const pkcs11::TokenKey> key;
    bool away = false;  ///< It could not be used when the Snapshot was made.
};

/// An archive signer (ARC-07), ready to sign.
struct ArchiveSigner {
    std::string id;
    std::string
        algorithm;  ///< Word for message_signature.algorithm: rsa-sha256, dsa-sha256, ecdsa-p256-sha256, ecdsa-p384-sha384, ed25519.
    std::shared_ptr<const crypto::Signer> signer;
};

/// An archiving group (ARC-08): messages with a sender or recipient that one of its patterns matches.
struct Group {
    std::string name;
    bool archiving = false;
    std::string archival_signer;  ///< Empty: none.
    std::vector<std::string> patterns;
};

/// Server settings that the flow and the doors use, with their defaults; names as `bulla settings` knows them.
struct Settings {
    std::vector<Cidr> trusted_networks;           ///< trusted_networks
    bool signature_verification_enabled = false;  ///< signature_verification_enabled (ARC-09)
    std::string signature_public_key_path;        ///< signature_public_key_path (ARC-09)
    bool seven_bit_always = false;                ///< seven_bit = always | when_needed
    bool repair_newlines = false;                 ///< bare_newlines = repair | refuse
    bool dkim_missing_key_refuse = false;         ///< dkim_missing_key = refuse | unsigned
    bool dkim_record_wrong_refuse = false;        ///< dkim_record_wrong = refuse | warn
    bool dkim_sign_relayed = false;               ///< dkim_sign_relayed
    bool dkim_self_check_refuse = true;           ///< dkim_self_check = refuse | warn
    bool received_header = true;                  ///< received_header
    bool reverse_dns = true;                      ///< reverse_dns
    UnknownRecipients unknown_recipients = UnknownRecipients::by_route;  ///< unknown_recipients
    std::string dkim_canonicalization = "relaxed/relaxed";
    std::int64_t dkim_expiry_seconds = 604800;  ///< dkim_expiry; 0 = no x=
    /// dkim_signed_headers, dkim_oversign_headers; null: dkim::default_signed_fields().
    std::shared_ptr<const dkim::SignedFields> dkim_signed_fields;
    std::string dkim_policy_file;    ///< dkim_policy_file; empty: the domains' keys here
    std::string dkim_key_directory;  ///< dkim_key_directory
};

/// All that decides about mail, at one revision; immutable. A message keeps the Snapshot it began with.
struct Snapshot {
    std::uint64_t revision = 0;
    Settings settings;
    config::Config config;  ///< bulla.toml as it was read last
    std::unordered_map<std::string, std::shared_ptr<const Account>>
        accounts_by_login;  ///< key: login in lower case
    std::unordered_map<std::string, std::shared_ptr<const Account>>
        accounts_by_address;                         ///< key: Mailbox::key()
    std::unordered_map<std::string, bool> domains;   ///< key: DomainName::ascii(); false: disabled
    policy::ByName<std::vector<DkimKey>> dkim_keys;  ///< key: DomainName::ascii(); RSA first
    std::vector<TokenKeyUse> token_keys;             ///< Those of all domains that lie in tokens.
    std::shared_ptr<const SigningPolicy>
        signing_policy;  ///< Of dkim_policy_file or of the instance; null if there is none.
    std::vector<Group> groups;
    std::unordered_map<std::string, ArchiveSigner> signers;
    std::unordered_map<std::string, Settings>
        domain_settings;  ///< key: DomainName::ascii(); only domains with settings of their own
    PatternIndex group_patterns;  ///< of all groups; owner = index in `groups`
    /// Signers and DKIM keys that could not be loaded, each in a sentence; the rest is in force all the same.
    std::vector<std::string> problems;

    /// The settings that hold for mail of `domain`: the domain's own before the server's.
    [[nodiscard]] const Settings& settings_for(const DomainName& domain) const;
    /// The groups that one of whose patterns covers `address`, in the order of `groups`.
    [[nodiscard]] std::vector<const Group*> find_groups(const Mailbox& address) const;
    [[nodiscard]] bool is_local(const DomainName& domain) const;
    /// True for a domain of the instance that takes no mail at present.
    [[nodiscard]] bool is_disabled(const DomainName& domain) const;
    /// The account that logs in as `login`, or whose address it is; null if there is none.
    [[nodiscard]] std::shared_ptr<const Account> find_account(std::string_view login) const;
    [[nodiscard]] std::shared_ptr<const Account> find_address(const Mailbox& address) const;
    /// The route that takes mail for `domain`: the first of the configuration that matches; null if none does or the domain is disabled.
    [[nodiscard]] const config::Route* find_route(const DomainName& domain) const;
    /// True if the group's patterns match `address`.
    [[nodiscard]] static bool matches(const Group& group, const Mailbox& address);
};

/// Holds the Snapshot in force. current() and set() may be called from any thread.
class SnapshotHolder {
  public:
    explicit SnapshotHolder(std::shared_ptr<const Snapshot> first);
    [[nodiscard]] std::shared_ptr<const Snapshot> current() const;
    void set(std::shared_ptr<const Snapshot> next);

  private:
    std::atomic<std::shared_ptr<const Snapshot>> current_;
};

}  // namespace bulla::directory

#include "importers/opendkim_options.h"

#include "importers/text.h"

#include <algorithm>
#include <array>

namespace bulla::importers {

namespace {

using enum OptionType;
using enum OptionFate;

constexpr std::string_view verifying =
    "it is for verifying, which bulla does not do: leave a verifier there (Mode v) if you "
    "need one";
constexpr std::string_view running =
    "bulla is a service of its own: bulla.toml and systemd say how it runs";
constexpr std::string_view no_identity = "signatures have no i=";
constexpr std::string_view in_ldap =
    "it is for data sets in LDAP, which are told where they are named";
constexpr std::string_view logging = "bulla writes its own log (bulla.toml: log_level)";
constexpr std::string_view put_off =
    "what cannot be signed for a reason of bulla's own is put off (451)";
constexpr std::string_view as_they_are =
    "fields are signed as they are: have the mail server rewrite addresses before bulla sees "
    "the message";
constexpr std::string_view required =
    "bulla asks for a From field and adds a Date and a Message-ID that a user's message "
    "lacks; it counts no others";
constexpr std::string_view inbound = "mail from outside is not signed again";
constexpr std::string_view by_author = "bulla goes by the From field alone";
constexpr std::string_view no_filter_field = "no DKIM-Filter field is added";
constexpr std::string_view counting = "bulla counts for itself (/metrics)";
constexpr std::string_view vbr = "VBR-Info fields are neither made nor removed";

constexpr std::array table{
    // clang-format off
    OpendkimOption{"AllowSHA1Only", boolean, unneeded, verifying},
    OpendkimOption{"AlwaysAddARHeader", boolean, unneeded, verifying},
    OpendkimOption{"ATPSDomains", dataset, unneeded, verifying},
    OpendkimOption{"ATPSHashAlgorithm", text, unneeded, verifying},
    OpendkimOption{"AuthservID", text, unneeded, verifying},
    OpendkimOption{"AuthservIDWithJobID", boolean, unneeded, verifying},
    OpendkimOption{"AutoRestart", boolean, unneeded, running},
    OpendkimOption{"AutoRestartCount", integer, unneeded, running},
    OpendkimOption{"AutoRestartRate", text, unneeded, running},
    OpendkimOption{"Background", boolean, unneeded, running},
    OpendkimOption{"BaseDirectory", text, mapped},
    OpendkimOption{"BodyLengthDB", dataset, differs, "bulla signs the whole body: l= is never there, for whoever knows it can add to the message (RFC 6376 8.2)"},
    OpendkimOption{"BogusKey", text, unneeded, verifying},
    OpendkimOption{"Canonicalization", text, mapped},
    OpendkimOption{"CaptureUnknownErrors", boolean, differs, "a message that cannot be signed is put off (451), never held back by the mail server"},
    OpendkimOption{"ChangeRootDirectory", text, mapped},
    OpendkimOption{"ClockDrift", integer, unneeded, verifying},
    OpendkimOption{"DiagnosticDirectory", text, unneeded, verifying},
    OpendkimOption{"Diagnostics", boolean, differs, "signatures have no z= (bulla dkim sign -z makes one by hand)"},
    OpendkimOption{"DisableCryptoInit", boolean, unneeded, running},
    OpendkimOption{"DNSConnect", boolean, unneeded, verifying},
    OpendkimOption{"DNSTimeout", integer, unneeded, verifying},
    OpendkimOption{"Domain", dataset, mapped},
    OpendkimOption{"DomainKeysCompat", boolean, unneeded, verifying},
    OpendkimOption{"DontSignMailTo", dataset, differs, "bulla signs whoever the recipients are"},
    OpendkimOption{"EnableCoredumps", boolean, unneeded, running},
    OpendkimOption{"ExemptDomains", dataset, unneeded, "it is for verifying: OpenDKIM 2.11 signs mail of these domains all the same"},
    OpendkimOption{"ExternalIgnoreList", dataset, unneeded, "it only keeps a line out of the log"},
    OpendkimOption{"FinalPolicyScript", text, unneeded, verifying},
    OpendkimOption{"FixCRLF", boolean, differs, "a bare CR or LF is refused, or repaired before signing (setting bare_newlines)"},
    OpendkimOption{"IdentityHeader", text, differs, no_identity},
    OpendkimOption{"IdentityHeaderRemove", boolean, differs, no_identity},
    OpendkimOption{"IgnoreMalformedMail", boolean, differs, "a message that cannot be signed is refused or put off, never passed on unseen"},
    OpendkimOption{"Include", text, mapped},
    OpendkimOption{"InternalHosts", dataset, mapped},
    OpendkimOption{"KeepAuthResults", boolean, unneeded, verifying},
    OpendkimOption{"KeepTemporaryFiles", boolean, unneeded, running},
    OpendkimOption{"KeyFile", text, mapped},
    OpendkimOption{"KeyTable", dataset, mapped},
    OpendkimOption{"LDAPAuthMechanism", text, unneeded, in_ldap},
    OpendkimOption{"LDAPAuthName", text, unneeded, in_ldap},
    OpendkimOption{"LDAPAuthRealm", text, unneeded, in_ldap},
    OpendkimOption{"LDAPAuthUser", text, unneeded, in_ldap},
    OpendkimOption{"LDAPBindPassword", text, unneeded, in_ldap},
    OpendkimOption{"LDAPBindUser", text, unneeded, in_ldap},
    OpendkimOption{"LDAPDisableCache", boolean, unneeded, in_ldap},
    OpendkimOption{"LDAPKeepaliveIdle", text, unneeded, in_ldap},
    OpendkimOption{"LDAPKeepaliveInterval", text, unneeded, in_ldap},
    OpendkimOption{"LDAPKeepaliveProbes", text, unneeded, in_ldap},
    OpendkimOption{"LDAPTimeout", text, unneeded, in_ldap},
    OpendkimOption{"LDAPUseTLS", boolean, unneeded, in_ldap},
    OpendkimOption{"LogResults", boolean, unneeded, verifying},
    OpendkimOption{"LogWhy", boolean, unneeded, logging},
    OpendkimOption{"MacroList", dataset, differs, "a log-in ({auth_type}) or an address in trusted_networks decides what is signed; other macros do not"},
    OpendkimOption{"MaximumHeaders", integer, differs, "limits of messages are in bulla.toml ([limits])"},
    OpendkimOption{"MaximumSignaturesToVerify", integer, unneeded, verifying},
    OpendkimOption{"MaximumSignedBytes", integer, differs, "bulla signs the whole body: l= is never there (RFC 6376 8.2)"},
    OpendkimOption{"MilterDebug", integer, unneeded, running},
    OpendkimOption{"Minimum", text, unneeded, verifying},
    OpendkimOption{"MinimumKeyBits", integer, unneeded, verifying},
    OpendkimOption{"Mode", text, mapped},
    OpendkimOption{"MTA", dataset, differs, "the listener's name does not decide what is signed: a log-in or an address in trusted_networks does"},
    OpendkimOption{"MTACommand", text, unneeded, verifying},
    OpendkimOption{"MultipleSignatures", boolean, mapped},
    OpendkimOption{"MustBeSigned", dataset, unneeded, verifying},
    OpendkimOption{"Nameservers", text, unneeded, verifying},
    OpendkimOption{"NoHeaderB", boolean, unneeded, verifying},
    OpendkimOption{"OmitHeaders", dataset, mapped},
    OpendkimOption{"On-BadSignature", text, unneeded, verifying},
    OpendkimOption{"On-Default", text, differs, put_off},
    OpendkimOption{"On-DNSError", text, unneeded, verifying},
    OpendkimOption{"On-InternalError", text, differs, put_off},
    OpendkimOption{"On-KeyNotFound", text, unneeded, verifying},
    OpendkimOption{"On-NoSignature", text, unneeded, verifying},
    OpendkimOption{"On-Security", text, differs, put_off},
    OpendkimOption{"On-SignatureError", text, differs, "what cannot be signed is put off (451); dkim_missing_key and dkim_self_check say what else may be"},
    OpendkimOption{"OversignHeaders", dataset, mapped},
    OpendkimOption{"PeerList", dataset, mapped},
    OpendkimOption{"PidFile", text, unneeded, running},
    OpendkimOption{"POPDBFile", dataset, differs, "POP before SMTP is not known: let clients log in"},
    OpendkimOption{"Quarantine", boolean, unneeded, verifying},
    OpendkimOption{"QueryCache", boolean, unneeded, verifying},
    OpendkimOption{"RedirectFailuresTo", text, unneeded, verifying},
    OpendkimOption{"RemoveARAll", boolean, unneeded, verifying},
    OpendkimOption{"RemoveARFrom", dataset, unneeded, verifying},
    OpendkimOption{"RemoveOldSignatures", boolean, differs, "signatures that a message has already stay in it; bulla's stands above them"},
    OpendkimOption{"ReplaceHeaders", dataset, differs, as_they_are},
    OpendkimOption{"ReplaceRules", text, differs, as_they_are},
    OpendkimOption{"ReportAddress", text, unneeded, verifying},
    OpendkimOption{"ReportBccAddress", text, unneeded, verifying},
    OpendkimOption{"RequestReports", boolean, differs, "signatures have no r= (RFC 6651)"},
    OpendkimOption{"RequiredHeaders", boolean, differs, required},
    OpendkimOption{"RequireSafeKeys", boolean, unneeded, "bulla keeps the keys sealed in its own state; what is wrong with the files is told here"},
    OpendkimOption{"ResignAll", boolean, differs, inbound},
    OpendkimOption{"ResignMailTo", dataset, differs, inbound},
    OpendkimOption{"ResolverConfiguration", text, unneeded, verifying},
    OpendkimOption{"ResolverTracing", boolean, unneeded, verifying},
    OpendkimOption{"ScreenPolicyScript", text, unneeded, verifying},
    OpendkimOption{"SelectCanonicalizationHeader", text, differs, "no header field changes the canonicalization: it is that of the domain (dkim_canonicalization)"},
    OpendkimOption{"Selector", text, mapped},
    OpendkimOption{"SenderHeaders", dataset, differs, by_author},
    OpendkimOption{"SenderMacro", text, differs, by_author},
    OpendkimOption{"SendReports", boolean, unneeded, verifying},
    OpendkimOption{"SetupPolicyScript", text, differs, "Lua is not run: what it decides is to be told by keys, dkimdomains or groups"},
    OpendkimOption{"SignatureAlgorithm", text, mapped},
    OpendkimOption{"SignatureTTL", integer, mapped},
    OpendkimOption{"SignHeaders", dataset, mapped},
    OpendkimOption{"SigningTable", dataset, mapped},
    OpendkimOption{"SMTPURI", text, unneeded, verifying},
    OpendkimOption{"Socket", text, unneeded, "the mail server is to ask bulla's milter listener instead (guide: postfix.md, sendmail.md)"},
    OpendkimOption{"SoftStart", boolean, unneeded, running},
    OpendkimOption{"SoftwareHeader", boolean, differs, no_filter_field},
    OpendkimOption{"Statistics", text, unneeded, counting},
    OpendkimOption{"StatisticsName", text, unneeded, counting},
    OpendkimOption{"StatisticsPolicyScript", text, unneeded, verifying},
    OpendkimOption{"StatisticsPrefix", text, unneeded, counting},
    OpendkimOption{"StrictHeaders", boolean, differs, required},
    OpendkimOption{"StrictTestMode", boolean, unneeded, "it is for testing OpenDKIM"},
    OpendkimOption{"SubDomains", boolean, mapped},
    OpendkimOption{"Syslog", boolean, unneeded, logging},
    OpendkimOption{"SyslogFacility", text, unneeded, logging},
    OpendkimOption{"SyslogName", text, unneeded, logging},
    OpendkimOption{"SyslogSuccess", boolean, unneeded, logging},
    OpendkimOption{"TemporaryDirectory", text, unneeded, running},
    OpendkimOption{"TestDNSData", dataset, unneeded, verifying},
    OpendkimOption{"TestPublicKeys", text, unneeded, verifying},
    OpendkimOption{"TrustAnchorFile", text, unneeded, verifying},
    OpendkimOption{"TrustSignaturesFrom", dataset, unneeded, verifying},
    OpendkimOption{"UMask", integer, unneeded, running},
    OpendkimOption{"UnprotectedKey", text, unneeded, verifying},
    OpendkimOption{"UserID", text, unneeded, running},
    OpendkimOption{"VBR-Certifiers", text, differs, vbr},
    OpendkimOption{"VBR-PurgeFields", text, differs, vbr},
    OpendkimOption{"VBR-TrustedCertifiers", text, unneeded, verifying},
    OpendkimOption{"VBR-TrustedCertifiersOnly", boolean, unneeded, verifying},
    OpendkimOption{"VBR-Type", text, differs, vbr},
    OpendkimOption{"WeakSyntaxChecks", boolean, unneeded, "a message without a From address that can be read is not signed"},
    OpendkimOption{"X-Header", boolean, differs, no_filter_field},
    // clang-format on
};

}  // namespace

std::span<const OpendkimOption> opendkim_options() {
    return table;
}

const OpendkimOption* find_opendkim_option(std::string_view name) {
    const auto* const found = std::ranges::find_if(
        table, [&](const OpendkimOption& one) { return same_word(one.name, name); });
    return found == table.end() ? nullptr : found;
}

}  // namespace bulla::importers

#include "store/schema.h"

namespace bulla::store {
namespace {

constexpr std::string_view message_signature =
    "create table message_signature (message_id bigint not null, signer_id varchar(64) not null, "
    "algorithm varchar(32) not null, key_fingerprint varchar(64) not null, signature {text} not "
    "null, "
    "signed_at bigint not null, primary key (message_id, signer_id)){clustered}";

// Times are microseconds since 1970; binary values are base64. No number is given by the database: ids come from the program.
// NOLINTBEGIN(bugprone-suspicious-missing-comma): statements are of several literals each
constexpr std::string_view version_1[] = {
    "create table meta (name varchar(64) primary key, value {text} not null)",
    "create table vault_root (id {id} primary key, kdf varchar(32) not null, opslimit bigint not "
    "null, "
    "memlimit bigint not null, salt varchar(64) not null, wrapped {text} not null)",
    // Private keys; kind: dkim, signer, log, tls.
    "create table vault_item (kind varchar(32) not null, id varchar(191) not null, sealed {text} "
    "not null, "
    "created bigint not null, primary key (kind, id))",
    // scope: '' is the server, then 'domain:x', 'account:y'.
    "create table setting (scope varchar(191) not null, name varchar(64) not null, value {text} "
    "not null, "
    "primary key (scope, name))",
    "create table domain (name varchar(253) primary key, created bigint not null)",
    "create table account (login varchar(191) primary key, address varchar(320) not null, "
    "role varchar(16) not null, password {text} not null, one_time integer not null, "
    "disabled integer not null, created bigint not null)",
    "create index account_address on account (address)",
    "create table dkim_key (domain varchar(253) not null, selector varchar(128) not null, "
    "algorithm varchar(16) not null, public_key {text} not null, active integer not null, "
    "created bigint not null, primary key (domain, selector))",
    // private_path '' : the key is in vault_item; retired 0: in use.
    "create table signer (id varchar(64) primary key, algorithm varchar(16) not null, "
    "fingerprint varchar(64) not null, public_key {text} not null, private_path {text} not null, "
    "created bigint not null, retired bigint not null)",
    // Every key that a signer ever had, so that old signatures find theirs.
    "create table signer_key (fingerprint varchar(64) primary key, signer varchar(64) not null, "
    "algorithm varchar(16) not null, public_key {text} not null, created bigint not null)",
    "create table archive_group (name varchar(64) primary key, archiving integer not null, "
    "archival_signer varchar(64) not null, created bigint not null)",
    "create table archive_group_member (group_name varchar(64) not null, pattern varchar(253) not "
    "null, "
    "primary key (group_name, pattern))",
    // leaf -1: none. summary, trace: sealed.
    "create table message (id {id} primary key, leaf bigint not null, archived integer not null, "
    "role varchar(16) not null, size bigint not null, volume varchar(64) not null, pack bigint not "
    "null, "
    "pos bigint not null, len bigint not null, slot bigint not null, summary {text} not null, "
    "trace {text} not null)",
    message_signature,
    "create table message_event (message_id bigint not null, seq bigint not null, at bigint not "
    "null, "
    "kind varchar(32) not null, detail {text} not null, primary key (message_id, seq)){clustered}",
    "create table log_leaf (idx {id} primary key, hash varchar(44) not null, entry {text} not "
    "null)",
    "create table log_tile (level integer not null, idx bigint not null, data {text} not null, "
    "primary key (level, idx))",
    "create table log_checkpoint (size {id} primary key, at bigint not null, note {text} not null)",
    "create table pack (id {id} primary key, volume varchar(64) not null, opened bigint not null)",
    // The last committed run of a node: how an unknown COMMIT is decided.
    "create table seal_run (node {id} primary key, run varchar(32) not null, at bigint not null)",
    "create table queue_delivery (id {id} primary key, message_id bigint not null, "
    "route varchar(64) not null, destination varchar(253) not null, state varchar(16) not null, "
    "next_attempt bigint not null, attempts integer not null, created bigint not null, "
    "expires bigint not null, warned integer not null, owner integer not null, lease bigint not "
    "null, "
    "attempt varchar(32) not null, volume varchar(64) not null, pack bigint not null, "
    "pos bigint not null, len bigint not null, slot bigint not null, own_record integer not null, "
    "last_error {text} not null, payload {text} not null)",
    "create index queue_due on queue_delivery (state, next_attempt)",
    "create index queue_message on queue_delivery (message_id)",
    // Slots to overwrite; a row goes when the overwriting is on stable storage.
    "create table key_shred (volume varchar(64) not null, pack bigint not null, slot bigint not "
    "null, "
    "primary key (volume, pack, slot)){clustered}",
    // idx is the entry's leaf in the log.
    "create table audit (idx {id} primary key, at bigint not null, actor varchar(191) not null, "
    "action varchar(64) not null, target varchar(320) not null, detail {text} not null)"};

// Who may come in, and how: disabled domains, the domains of domain administrators, sessions, API tokens, second factors, failed log-ins.
constexpr std::string_view version_2[] = {
    "alter table domain add column disabled integer not null default 0",
    // 0: never.
    "alter table account add column last_login bigint not null default 0",
    "create table account_domain (login varchar(191) not null, domain varchar(253) not null, "
    "primary key (login, domain)){clustered}",
    // hash: SHA-256 of the secret, as hex; its first 16 digits name the row to people.
    "create table login_session (hash varchar(64) primary key, login varchar(191) not null, "
    "created bigint not null, last_seen bigint not null, expires bigint not null, "
    "user_agent varchar(255) not null, address varchar(64) not null)",
    "create index login_session_login on login_session (login)",
    // scopes: words separated by blanks; expires, last_used 0: never.
    "create table api_token (hash varchar(64) primary key, login varchar(191) not null, "
    "name varchar(64) not null, scopes {text} not null, created bigint not null, "
    "expires bigint not null, last_used bigint not null)",
    "create index api_token_login on api_token (login)",
    // sealed: the secret under the vault; last_step: the last code's time step, so that none is good twice.
    "create table account_totp (login varchar(191) primary key, sealed {text} not null, "
    "confirmed integer not null, last_step bigint not null, created bigint not null)",
    // subject: 'account:x' or 'address:y'.
    "create table login_failure (subject varchar(255) primary key, failures integer not null, "
    "last_failure bigint not null, locked_until bigint not null)",
    "create index login_failure_last on login_failure (last_failure)"};

// Lists of the archive: what they are filtered by, as keyed hashes, and what the last verification of a message came to.
constexpr std::string_view version_3[] = {
    "create table message_token (token bigint not null, message_id bigint not null, "
    "primary key (token, message_id)){clustered}",
    // state: verified, failed, unsigned, disabled.
    "create table message_check (message_id {id} primary key, state varchar(16) not null, "
    "at bigint not null)",
    "create index message_check_state on message_check (state, message_id)",
    "create index message_archived on message (archived, id)",
    "create index audit_action on audit (action, idx)"};

// What was counted minute by minute, for charts; minute: since 1970.
constexpr std::string_view version_4[] = {
    "create table traffic (minute bigint not null, series varchar(24) not null, amount bigint not "
    "null, "
    "primary key (minute, series)){clustered}"};

// What the last verification said of a message's leaf, beside its signatures: whole, cracked, none.
constexpr std::string_view version_5[] = {
    "alter table message_check add column seal varchar(16) not null default 'unchecked'"};

// The life of DKIM keys. since 0: as long as the key; seen, looked 0: never; sight: exact, absent, different, unknown.
constexpr std::string_view version_6[] = {
    "alter table dkim_key add column stage varchar(16) not null default 'next'",
    "alter table dkim_key add column since bigint not null default 0",
    "alter table dkim_key add column seen bigint not null default 0",
    "alter table dkim_key add column looked bigint not null default 0",
    "alter table dkim_key add column sight varchar(16) not null default 'unknown'",
    "alter table dkim_key add column rotating integer not null default 0",
    "update dkim_key set stage = 'active' where active = 1"};

// The RFC 7512 URI of a private key that lies in a token; '': it is in vault_item, or was destroyed.
constexpr std::string_view version_7[] = {
    "alter table dkim_key add column token varchar(1024) not null default ''"};
// NOLINTEND(bugprone-suspicious-missing-comma)

constexpr Migration all[] = {{1, version_1},
                             {2, version_2},
                             {3, version_3},
                             {4, version_4},
                             {5, version_5},
                             {6, version_6},
                             {7, version_7}};

}  // namespace

std::span<const Migration> migrations() {
    return all;
}

std::string_view message_signature_table() {
    return message_signature;
}

}  // namespace bulla::store

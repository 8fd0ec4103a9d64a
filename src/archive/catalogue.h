#pragma once
#include "archive/check_state.h"
#include "archive/public_keys.h"
#include "archive/rows.h"
#include "archive/tokens.h"
#include "base/error.h"
#include "store/database.h"
#include "vault/vault.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::archive {

// Writing: for riders of a commit (seal::Rider), about 10 µs each. Errors: those of store.

/// A message's row as the database will have it: texts sealed, so that it shows no subject and no address, and terms as tokens.
struct SealedMessage {
    MessageRow row{};  ///< summary, trace: sealed.
    std::vector<std::int64_t> tokens{};
};

/// Seals the texts: before the batch is handed over, for it costs more than the insertion. Any thread.
[[nodiscard]] SealedMessage seal_message(const vault::Vault& vault, MessageRow row);
/// Adds a message, with what only the commit knows of it.
[[nodiscard]] Result<void> insert_message(store::Tx& tx,
                                          const SealedMessage& message,
                                          const seal::Address& address,
                                          std::int64_t leaf);
/// What a verification of a message came to, and when; replaces what an earlier one said.
[[nodiscard]] Result<void> save_check(store::Tx& tx,
                                      MessageId id,
                                      const CheckState& state,
                                      Time at);
[[nodiscard]] Result<void> insert_signature(store::Tx& tx, const SignatureRow& row);
/// Adds an event with the message's next number; `event.sequence` is not looked at.
[[nodiscard]] Result<void> insert_event(store::Tx& tx,
                                        const vault::Vault& vault,
                                        const EventRow& event);

/// What `bulla archive list` asks for. Empty texts and times ask for nothing.
struct ListQuery {
    std::optional<MessageId> before{};  ///< Cursor: only messages older than this one.
    std::optional<Time> from{};         ///< Received at this moment or later.
    std::optional<Time> to{};           ///< Received before this moment.
    std::string sender{};               ///< Part of From, in any case of ASCII letters.
    std::string recipient{};            ///< Part of To, Cc or an envelope recipient.
    std::string subject{};              ///< Part of Subject.
    std::vector<std::string> terms{};   ///< make_term(): all of them, by the index.
    std::string check{};                ///< CheckState::check, or "unchecked".
    std::size_t limit = 50;
    std::size_t window = 20000;  ///< Rows that are opened at most to find `limit` that fit.
};

/// The SQL of a list; its parameters: the terms' tokens, the state if one is asked for, the least number and the one after the last.
[[nodiscard]] std::string make_list_sql(const ListQuery& query);

/// A message with what did not open of it.
struct StoredMessage {
    MessageRow row;
    std::optional<Error>
        text_error{};     ///< vault.tampered: then the texts that it concerns are empty.
    std::string check{};  ///< CheckState::check of the last verification; empty: there was none.
    std::string seal{};   ///< CheckState::seal of it.
    Time checked{};       ///< When.
    std::string leaf_hash{};  ///< As the log's row has it, base64; empty: none.
};

struct StoredEvent {
    EventRow row;
    std::optional<Error> text_error{};
};

struct Page {
    std::vector<StoredMessage> messages;  ///< Archived ones, newest first; without their traces.
    std::optional<MessageId> next{};      ///< The cursor to go on with; none: that was all.
};

/// Reads the catalogue. One thread at a time; connection and vault outlive it. Errors: those of store; catalogue.bad (a column that
/// cannot be what was written).
class Catalogue {
  public:
    Catalogue(store::Connection& connection, const vault::Vault& vault)
        : connection_(connection), vault_(vault) {}

    /// None: there is no such row.
    [[nodiscard]] Result<std::optional<StoredMessage>> message(MessageId id) const;
    [[nodiscard]] Result<std::vector<SignatureRow>> signatures(MessageId id) const;
    [[nodiscard]] Result<std::vector<StoredEvent>> events(MessageId id) const;
    [[nodiscard]] Result<Page> list(const ListQuery& query) const;

    /// Every key that a signer of this instance ever had (`signer_key`); rows that are no keys are left out.
    [[nodiscard]] Result<PublicKeys> kept_keys() const;
    /// A setting of the server; none: not set.
    [[nodiscard]] Result<std::optional<std::string>> setting(std::string_view name) const;

    struct Place {
        MessageId id{};
        std::int64_t leaf = -1;
    };

    /// Messages that have a leaf or count as archived, by id, those after `after`, at most `limit`.
    [[nodiscard]] Result<std::vector<Place>> places(MessageId after, std::size_t limit) const;

  private:
    store::Connection& connection_;
    const vault::Vault& vault_;
};

}  // namespace bulla::archive

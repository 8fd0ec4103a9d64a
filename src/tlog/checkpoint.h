#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "crypto/key.h"
#include "tlog/hash.h"

namespace bulla::tlog {

/// A tree head (C2SP tlog-checkpoint).
struct Checkpoint {
    std::string origin;  ///< The log's name, such as "mail.example.test/bulla/1".
    std::uint64_t size = 0;
    Hash root{};
};

/// A signature line of a signed note (C2SP signed-note): key name, 4-octet key id, the signature's bytes.
struct NoteSignature {
    std::string name;
    std::uint32_t key_id = 0;
    std::string signature;
};

/// A signed note: a text that ends in a line feed, and its signatures.
struct Note {
    std::string text;
    std::vector<NoteSignature> signatures;
};

/// The three lines of a checkpoint.
[[nodiscard]] std::string write_checkpoint(const Checkpoint& checkpoint);
/// Reads the text of a checkpoint (extension lines are allowed and ignored). Error: checkpoint.bad.
[[nodiscard]] Result<Checkpoint> parse_checkpoint(std::string_view text);

/// Error: note.bad; limits: 64 KiB, 100 signatures.
[[nodiscard]] Result<Note> parse_note(std::string_view bytes);
[[nodiscard]] std::string write_note(const Note& note);

/// The key id of an Ed25519 key under `name` (C2SP signed-note: first 4 octets of SHA-256(name || 0x0A || 0x01 || key)).
[[nodiscard]] std::uint32_t note_key_id(std::string_view name, const crypto::PublicKey& key);
/// The "verifier key" text of the signed-note specification: name+id+base64.
[[nodiscard]] std::string write_verifier_key(std::string_view name, const crypto::PublicKey& key);
struct VerifierKey {
    std::string name;
    crypto::PublicKey key;
};
[[nodiscard]] Result<VerifierKey> parse_verifier_key(std::string_view text);

/// Signs `text` as `name` with an Ed25519 signer and gives the whole note.
[[nodiscard]] Result<std::string> sign_note(std::string_view text, std::string_view name, const crypto::Signer& signer);
/// Reads a signed checkpoint and checks the signature of `key` on it. Errors: those of parsing, note.unsigned (no signature of this key),
/// note.bad_signature.
[[nodiscard]] Result<Checkpoint> open_checkpoint(std::string_view bytes, const VerifierKey& key);

}  // namespace bulla::tlog

#pragma once
#include "base/error.h"
#include "crypto/key.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::tlog {

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

/// Error: note.bad; limits: 64 KiB, 100 signatures. parse_note(write_note(x)) == x.
[[nodiscard]] Result<Note> parse_note(std::string_view bytes);
[[nodiscard]] std::string write_note(const Note& note);

/// The key id of an Ed25519 key under `name` (C2SP signed-note: first 4 octets of SHA-256(name || 0x0A || 0x01 || key)).
[[nodiscard]] std::uint32_t note_key_id(std::string_view name, const crypto::PublicKey& key);
/// The "verifier key" text that tools around signed notes share: name+id+base64(0x01 || key).
[[nodiscard]] std::string write_verifier_key(std::string_view name, const crypto::PublicKey& key);

struct VerifierKey {
    std::string name;
    crypto::PublicKey key;
};

/// Error: note.bad_key (other form, an id that is not this key's, another kind of key than Ed25519).
[[nodiscard]] Result<VerifierKey> parse_verifier_key(std::string_view text);

/// Signs `text` as `name` with an Ed25519 signer and gives the whole note. Errors: note.bad_text (what no reader would take:
/// control characters, no line feed at the end, not UTF-8), note.bad_key, the signer's own.
[[nodiscard]] Result<std::string> sign_note(std::string_view text,
                                            std::string_view name,
                                            const crypto::Signer& signer);
/// The text of a note that `key` signed. Errors: note.bad, note.unsigned (no signature of this key), note.bad_signature.
[[nodiscard]] Result<std::string> open_note(std::string_view bytes, const VerifierKey& key);

}  // namespace bulla::tlog

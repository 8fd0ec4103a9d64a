#include "tlog/note.h"

#include "base/encoding.h"
#include "crypto/digest.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>

namespace bulla::tlog {

namespace {

constexpr std::size_t max_note_size = 64U << 10U;
constexpr std::size_t max_signatures = 100;
constexpr std::size_t key_id_size = 4;
constexpr char ed25519_type = '\x01';
constexpr std::string_view em_dash = "\xE2\x80\x94 ";

std::unexpected<Error> bad(std::string_view why) {
    return fail("note.bad",
                Fault::sender,
                fmt::format("the text is no signed note: {}", why),
                "C2SP signed-note");
}

std::unexpected<Error> bad_key(std::string_view why) {
    return fail("note.bad_key",
                Fault::sender,
                fmt::format("the text is no verifier key of a log: {}", why),
                "C2SP signed-note");
}

struct Character {
    char32_t code = 0;
    std::size_t size = 0;  ///< Octets; 0 if the text does not begin with a character in UTF-8.
};

/// The first character of a text that is not empty (RFC 3629 4).
Character first_character(std::string_view text) {
    const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = octet(0);
    if (lead < 0x80) {
        return {lead, 1};
    }
    const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < size) {
        return {};
    }
    char32_t code = lead & (0x7FU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((octet(i) & 0xC0U) != 0x80) {
            return {};
        }
        code = code << 6U | (octet(i) & 0x3FU);
    }
    // RFC 3629 3: overlong forms, surrogates and what lies beyond U+10FFFF are no characters.
    constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    return code < least.at(size) || surrogate || code > 0x10FFFF ? Character{}
                                                                 : Character{code, size};
}

/// C2SP signed-note: "MUST be valid UTF-8 and MUST NOT contain any ASCII control characters (those below U+0020) other than newline."
bool is_note_text(std::string_view text) {
    while (!text.empty()) {
        const auto [code, size] = first_character(text);
        if (size == 0 || (code < 0x20 && code != '\n')) {
            return false;
        }
        text.remove_prefix(size);
    }
    return true;
}

/// The characters that Unicode calls White_Space.
bool is_space(char32_t code) {
    constexpr std::array<char32_t, 8> single{
        0x20, 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F};
    return (code >= 9 && code <= 13) || (code >= 0x2000 && code <= 0x200A) || code == 0x3000 ||
           std::ranges::find(single, code) != single.end();
}

/// C2SP signed-note: "Key names MUST be non-empty and MUST NOT contain any Unicode spaces or plus (U+002B) characters."
bool is_key_name(std::string_view name) {
    if (name.empty()) {
        return false;
    }
    while (!name.empty()) {
        const auto [code, size] = first_character(name);
        if (size == 0 || code < 0x20 || code == '+' || is_space(code)) {
            return false;
        }
        name.remove_prefix(size);
    }
    return true;
}

std::optional<NoteSignature> parse_signature_line(std::string_view line) {
    if (!line.starts_with(em_dash)) {
        return std::nullopt;
    }
    line.remove_prefix(em_dash.size());
    const auto space = line.find(' ');
    if (space == std::string_view::npos || !is_key_name(line.substr(0, space))) {
        return std::nullopt;
    }
    const auto bytes = base64_decode(line.substr(space + 1));
    if (!bytes || bytes->size() <= key_id_size) {
        return std::nullopt;
    }
    return NoteSignature{
        std::string(line.substr(0, space)), get_u32(*bytes), bytes->substr(key_id_size)};
}

}  // namespace

Result<Note> parse_note(std::string_view bytes) {
    if (bytes.size() > max_note_size) {
        return bad("it is larger than 64 KiB");
    }
    if (!is_note_text(bytes)) {
        return bad("it holds control characters or is not UTF-8");
    }
    // C2SP signed-note: "the text is separated from the signatures by the last empty line in the note."
    const auto blank = bytes.rfind("\n\n");
    if (blank == std::string_view::npos) {
        return bad("no empty line stands before the signatures");
    }
    Note note{std::string(bytes.substr(0, blank + 1)), {}};
    for (auto rest = bytes.substr(blank + 2); !rest.empty();) {
        const auto end = rest.find('\n');
        auto signature = parse_signature_line(rest.substr(0, end));
        if (!signature || end == std::string_view::npos) {
            return bad("a signature line is malformed");
        }
        if (note.signatures.size() == max_signatures) {
            return bad("it has more than 100 signatures");
        }
        note.signatures.push_back(std::move(*signature));
        rest.remove_prefix(end + 1);
    }
    if (note.signatures.empty()) {
        return bad("it has no signature");
    }
    return note;
}

std::string write_note(const Note& note) {
    std::string out = note.text + "\n";
    for (const auto& [name, key_id, signature] : note.signatures) {
        std::string bytes;
        put_u32(bytes, key_id);
        bytes += signature;
        out.append(em_dash).append(name).append(" ").append(base64_encode(bytes)).append("\n");
    }
    return out;
}

std::uint32_t note_key_id(std::string_view name, const crypto::PublicKey& key) {
    // C2SP signed-note: "key ID = SHA-256(key name || 0x0A || signature type || public key)[:4]"
    std::string named(name);
    named += '\n';
    named += ed25519_type;
    named += key.ed25519_raw();
    return get_u32(crypto::view(crypto::sha256(named)));
}

std::string write_verifier_key(std::string_view name, const crypto::PublicKey& key) {
    return fmt::format("{}+{:08x}+{}",
                       name,
                       note_key_id(name, key),
                       base64_encode(ed25519_type + key.ed25519_raw()));
}

Result<VerifierKey> parse_verifier_key(std::string_view text) {
    constexpr std::size_t max_key_text = 1024;
    const auto first = text.find('+');
    const auto second = first == std::string_view::npos ? first : text.find('+', first + 1);
    if (second == std::string_view::npos || text.size() > max_key_text) {
        return bad_key("it has not the form name+id+key");
    }
    const auto name = text.substr(0, first);
    if (!is_key_name(name)) {
        return bad_key("its name is empty, has a space or is not UTF-8");
    }
    const auto bytes = base64_decode(text.substr(second + 1));
    if (!bytes || bytes->empty() || bytes->front() != ed25519_type) {
        return bad_key("the key is not an Ed25519 key in base64");
    }
    const auto key = crypto::PublicKey::from_ed25519(std::string_view(*bytes).substr(1));
    if (!key) {
        return bad_key("the key has not 32 octets");
    }
    // One spelling alone is taken, so that two texts never mean the same key.
    if (write_verifier_key(name, *key) != text) {
        return bad_key("the id is not that of the key");
    }
    return VerifierKey{std::string(name), *key};
}

Result<std::string> sign_note(std::string_view text,
                              std::string_view name,
                              const crypto::Signer& signer) {
    if (text.size() > max_note_size / 2 || !text.ends_with('\n') || !is_note_text(text)) {
        return fail("note.bad_text",
                    Fault::us,
                    "the text to sign must be UTF-8 of at most 32 KiB that ends in a line feed",
                    "C2SP signed-note");
    }
    if (!is_key_name(name) || name.size() > max_note_size / 4 ||
        signer.public_key().type() != crypto::KeyType::ed25519) {
        return fail("note.bad_key",
                    Fault::us,
                    "a note is signed by an Ed25519 key with a name without spaces",
                    "C2SP signed-note");
    }
    BULLA_TRY(signature, signer.sign_message(text));
    return write_note(
        {std::string(text),
         {{std::string(name), note_key_id(name, signer.public_key()), std::move(signature)}}});
}

Result<std::string> open_note(std::string_view bytes, const VerifierKey& key) {
    BULLA_TRY(note, parse_note(bytes));
    const std::uint32_t key_id = note_key_id(key.name, key.key);
    // C2SP signed-note: "Verifiers MUST ignore signatures from unknown keys, even if they share a name or ID (but not both)"
    const auto own = std::ranges::find_if(note.signatures, [&](const NoteSignature& s) {
        return s.name == key.name && s.key_id == key_id;
    });
    if (own == note.signatures.end()) {
        return fail("note.unsigned",
                    Fault::sender,
                    fmt::format("the note is not signed by {} (key {:08x})", key.name, key_id),
                    "C2SP signed-note");
    }
    // C2SP signed-note: "If a signature from a known key fails to verify, clients SHOULD reject the whole note."
    if (!key.key.verify_message(note.text, own->signature)) {
        return fail("note.bad_signature",
                    Fault::sender,
                    fmt::format("the signature of {} does not fit the note", key.name),
                    "C2SP signed-note");
    }
    return std::move(note.text);
}

}  // namespace bulla::tlog

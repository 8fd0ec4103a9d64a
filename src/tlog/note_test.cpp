#include "tlog/note.h"

#include "base/encoding.h"
#include "tlog/checkpoint.h"
#include "tlog/proof_file.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace bulla::tlog {
namespace {

// Key, text and signature of the tests of Go's golang.org/x/mod/sumdb/note.
constexpr std::string_view go_key =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr std::string_view go_seed = "gQoUAtUUbI2E8kQzMPVAgOv5juF9nHT2JS/F1ccoMXM=";
constexpr std::string_view go_note =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your "
    "problem is.\n\n"
    "\xE2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/"
    "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
// The example of C2SP tlog-checkpoint.
constexpr std::string_view sofa =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "\xE2\x80\x94 example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
    "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

/// The PKCS#8 form of an Ed25519 seed (RFC 8410 7).
std::shared_ptr<crypto::PrivateKey> key_of_seed(std::string_view seed) {
    const auto der = hex_decode("302e020100300506032b657004220420").value() + std::string(seed);
    return crypto::PrivateKey::parse_pem(
               fmt::format("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
                           base64_encode(der)))
        .value();
}

TEST(Note, c2sp_signed_note_the_go_note_opens_and_signing_gives_the_same_octets) {
    const auto key = parse_verifier_key(go_key).value();
    const auto text = open_note(go_note, key).value();
    EXPECT_EQ(text, go_note.substr(0, go_note.find("\n\n") + 1));
    EXPECT_EQ(write_verifier_key(key.name, key.key), go_key);
    const auto signer = key_of_seed(base64_decode(go_seed).value());
    EXPECT_EQ(sign_note(text, "PeterNeumann", *signer).value(), go_note);
}

TEST(Note, c2sp_signed_note_one_changed_octet_is_found) {
    const auto key = parse_verifier_key(go_key).value();
    for (std::size_t i = 0; i < go_note.size(); ++i) {
        std::string changed(go_note);
        changed[i] = static_cast<char>(changed[i] ^ 1);
        EXPECT_FALSE(open_note(changed, key)) << i;
    }
}

TEST(Note, c2sp_signed_note_verifier_keys_are_read_strictly) {
    for (std::size_t i = 0; i <= go_key.size(); ++i) {
        for (std::size_t j = i; j <= go_key.size(); ++j) {
            EXPECT_EQ(parse_verifier_key(go_key.substr(i, j - i)).has_value(),
                      i == 0 && j == go_key.size())
                << i << "-" << j;
        }
    }
    for (const auto* text :
         {"PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
          "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
          "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
          "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
          "",
          "+",
          "++"}) {
        EXPECT_EQ(parse_verifier_key(text).error().code, "note.bad_key") << text;
    }
    // The key of Go's checksum database.
    EXPECT_TRUE(
        parse_verifier_key("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"));
}

TEST(Note, c2sp_signed_note_what_is_no_note_is_refused) {
    const std::string line(go_note.substr(go_note.find("\n\n") + 2));
    const std::string text = "text\n";
    EXPECT_TRUE(parse_note(text + "\n" + line));
    const std::vector<std::string> bad{"",
                                       "\n",
                                       text,
                                       text + "\n",
                                       text + line,
                                       text + "\n" + line.substr(0, line.size() - 1),
                                       text + "\n" + line + "\n",
                                       text + "\n" + line + "more\n",
                                       text + "\n-" + line.substr(3),
                                       text + "\n\xE2\x80\x94  x08go/ZJkuA=\n",
                                       text + "\n\xE2\x80\x94 a+b x08go/ZJkuA=\n",
                                       text +
                                           "\n\xE2\x80\x94 a\xC2\xA0"
                                           "b x08go/ZJkuA=\n",
                                       text +
                                           "\n\xE2\x80\x94 a\xE3\x80\x80"
                                           "b x08go/ZJkuA=\n",
                                       text + "\n\xE2\x80\x94 a x08gow==\n",
                                       text + "\n\xE2\x80\x94 a x08go/ZJkuA\n",
                                       text + "\r\n\n" + line,
                                       "\t" + text + "\n" + line,
                                       std::string("\0", 1) + text + "\n" + line,
                                       "\xC0\xAF" + text + "\n" + line,
                                       "\xED\xA0\x80" + text + "\n" + line,
                                       "\xF5\x80\x80\x80" + text + "\n" + line,
                                       "\xE2\x82" + text + "\n" + line,
                                       std::string(64U << 10U, 'x') + "\n\n" + line};
    for (const auto& bytes : bad) {
        const auto note = parse_note(bytes);
        ASSERT_FALSE(note) << bytes;
        EXPECT_EQ(note.error().code, "note.bad");
    }
}

TEST(Note, c2sp_signed_note_at_most_100_signatures) {
    const std::string line = "\xE2\x80\x94 a x08go/ZJkuA=\n";
    std::string bytes = "text\n\n";
    for (int i = 0; i < 100; ++i) {
        bytes += line;
    }
    EXPECT_EQ(parse_note(bytes).value().signatures.size(), 100U);
    EXPECT_EQ(write_note(parse_note(bytes).value()), bytes);
    EXPECT_FALSE(parse_note(bytes + line));
}

TEST(Note, c2sp_signed_note_text_may_hold_empty_lines) {
    const auto signer = key_of_seed(std::string(32, 's'));
    const std::string text = "one\n\n\ntwo \xC3\xA9\n";
    const auto note = sign_note(text, "log.example", *signer).value();
    EXPECT_EQ(open_note(note, {"log.example", signer->public_key()}).value(), text);
}

TEST(Note, c2sp_signed_note_unknown_keys_are_ignored_and_known_ones_must_fit) {
    const auto first = key_of_seed(std::string(32, '1'));
    const auto second = key_of_seed(std::string(32, '2'));
    auto note = parse_note(sign_note("text\n", "a", *first).value()).value();
    const auto other = parse_note(sign_note("text\n", "b", *second).value()).value();
    note.signatures.insert(note.signatures.begin(), other.signatures.front());
    EXPECT_TRUE(open_note(write_note(note), {"a", first->public_key()}));
    EXPECT_TRUE(open_note(write_note(note), {"b", second->public_key()}));
    EXPECT_EQ(open_note(write_note(note), {"a", second->public_key()}).error().code,
              "note.unsigned");
    EXPECT_EQ(open_note(write_note(note), {"c", first->public_key()}).error().code,
              "note.unsigned");
    std::swap(note.signatures[0].signature, note.signatures[1].signature);
    EXPECT_EQ(open_note(write_note(note), {"a", first->public_key()}).error().code,
              "note.bad_signature");
}

TEST(Note, what_no_reader_takes_is_not_signed) {
    const auto signer = key_of_seed(std::string(32, 's'));
    for (const auto* text : {"", "no end", "tab\t\n", "\xFF\n"}) {
        EXPECT_EQ(sign_note(text, "a", *signer).error().code, "note.bad_text") << text;
    }
    EXPECT_EQ(sign_note("x\n", "a b", *signer).error().code, "note.bad_key");
    EXPECT_EQ(sign_note("x\n", "", *signer).error().code, "note.bad_key");
    const auto p256 = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
    EXPECT_EQ(sign_note("x\n", "a", *p256).error().code, "note.bad_key");
}

TEST(Checkpoint, c2sp_tlog_checkpoint_example) {
    const auto note = parse_note(sofa).value();
    EXPECT_EQ(write_note(note), sofa);
    const auto checkpoint = parse_checkpoint(note.text).value();
    EXPECT_EQ(checkpoint.origin, "example.com/behind-the-sofa");
    EXPECT_EQ(checkpoint.size, 20852163U);
    EXPECT_EQ(write_hash(checkpoint.root), "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=");
    EXPECT_EQ(write_checkpoint(checkpoint), note.text);
}

TEST(Checkpoint, c2sp_tlog_checkpoint_strict) {
    const std::string root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    EXPECT_TRUE(parse_checkpoint("a\n0\n" + root));
    EXPECT_TRUE(parse_checkpoint("a\n1\n" + root + "extension\n"));
    const std::vector<std::string> bad{"",
                                       "a\n",
                                       "a\n1\n",
                                       "\n1\n" + root,
                                       "a\n01\n" + root,
                                       "a\n-1\n" + root,
                                       "a\n+1\n" + root,
                                       "a\n\n" + root,
                                       "a\n1 \n" + root,
                                       "a\n99999999999999999999\n" + root,
                                       "a\n9223372036854775808\n" + root,
                                       "a\n1\n" + root.substr(4),
                                       "a\n1\n" + root.substr(0, root.size() - 1),
                                       "a\n1\n" + root + "\n",
                                       "a\n1\n" + root + "unfinished"};
    for (const auto& text : bad) {
        const auto checkpoint = parse_checkpoint(text);
        ASSERT_FALSE(checkpoint) << text;
        EXPECT_EQ(checkpoint.error().code, "checkpoint.bad");
    }
}

TEST(Checkpoint, a_checkpoint_of_another_log_is_refused) {
    const auto signer = key_of_seed(std::string(32, 's'));
    const auto note =
        sign_note(write_checkpoint({"log.example/a", 3, {}}), "log.example/a", *signer).value();
    EXPECT_EQ(open_checkpoint(note, {"log.example/a", signer->public_key()}).value().size, 3U);
    const auto lent =
        sign_note(write_checkpoint({"log.example/a", 3, {}}), "log.example/b", *signer).value();
    EXPECT_EQ(open_checkpoint(lent, {"log.example/b", signer->public_key()}).error().code,
              "checkpoint.other_log");
}

TEST(ProofFile, c2sp_tlog_proof_round_trip_and_refusal) {
    const ProofFile proof{"the entry", 73894, {leaf_hash("a"), leaf_hash("b")}, std::string(sofa)};
    const auto text = write_proof_file(proof);
    EXPECT_TRUE(text.starts_with("c2sp.org/tlog-proof@v1\nextra dGhlIGVudHJ5\nindex 73894\n"));
    const auto again = parse_proof_file(text).value();
    EXPECT_EQ(again.extra, proof.extra);
    EXPECT_EQ(again.index, proof.index);
    EXPECT_EQ(again.hashes, proof.hashes);
    EXPECT_EQ(again.checkpoint, sofa);
    EXPECT_EQ(write_proof_file(parse_proof_file(write_proof_file({"", 0, {}, "x"})).value()),
              write_proof_file({"", 0, {}, "x"}));
    const std::vector<std::string> bad{"",
                                       "c2sp.org/tlog-proof@v2\nindex 1\n\nx",
                                       "c2sp.org/tlog-proof@v1\n\nx",
                                       "c2sp.org/tlog-proof@v1\nindex 01\n\nx",
                                       "c2sp.org/tlog-proof@v1\nindex 1\nzz\n\nx",
                                       "c2sp.org/tlog-proof@v1\nindex 1\n",
                                       "c2sp.org/tlog-proof@v1\nextra !\nindex 1\n\nx",
                                       "c2sp.org/tlog-proof@v1\nindex 99999999999999999999\n\nx"};
    for (const auto& one : bad) {
        EXPECT_EQ(parse_proof_file(one).error().code, "proof.bad") << one;
    }
}

}  // namespace
}  // namespace bulla::tlog

#include "archive/catalogue.h"

#include "archive/check_state.h"
#include "archive/export.h"
#include "archive/testing.h"
#include "archive/trust.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include "tlog/proof.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace bulla::archive::testing {
namespace {

/// One archive of 40 messages for all tests of this file; none of them changes it.
const Instance& shared() {
    static const Keys keys;
    static const auto instance = [] {
        auto made = std::make_unique<Instance>(keys);
        made->fill(40);
        return made;
    }();
    return *instance;
}

TEST(Catalogue, what_was_inserted_is_read_back) {
    const auto stored = shared().message(4);
    EXPECT_FALSE(stored.text_error);
    EXPECT_EQ(stored.row.id, shared().ids[4]);
    EXPECT_EQ(stored.row.leaf, 4);
    EXPECT_TRUE(stored.row.archived);
    EXPECT_EQ(stored.row.role, "relay");
    EXPECT_EQ(stored.row.size, Instance::text_of(4).size());
    EXPECT_EQ(stored.row.trace, "[]");
    EXPECT_EQ(parse_summary(stored.row.summary).value().from, "alice@example.test");
    const auto signatures = shared().catalogue().signatures(shared().ids[4]).value();
    ASSERT_EQ(signatures.size(), 2U);
    EXPECT_EQ(signatures[0].signer, "board");
    EXPECT_EQ(signatures[0].algorithm, "ed25519");
    EXPECT_EQ(signatures[1].key_fingerprint, shared().keys().office->public_key().fingerprint());
    const auto events = shared().catalogue().events(shared().ids[4]).value();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].row.kind, "accepted");
    EXPECT_EQ(events[0].row.detail, "from 192.0.2.1");
    EXPECT_FALSE(shared().catalogue().message(MessageId(7)).value());
}

TEST(Catalogue, the_database_shows_neither_subject_nor_address) {
    std::string all;
    for (const auto* name : {"bulla.db", "bulla.db-wal"}) {
        const auto bytes = read_file(shared().directory() / name);
        all += bytes;
        EXPECT_EQ(bytes.find("Subject of"), std::string::npos) << name;
        EXPECT_EQ(bytes.find("alice@example"), std::string::npos) << name;
        EXPECT_EQ(bytes.find("192.0.2.1"), std::string::npos) << name;
    }
    EXPECT_NE(all.find("ecdsa-p256-sha256"), std::string::npos) << "the rows are in these files";
}

TEST(Catalogue, lists_in_pages_newest_first) {
    ListQuery query{.limit = 15};
    std::vector<MessageId> seen;
    for (int page_number = 0; page_number < 3; ++page_number) {
        const auto page = shared().catalogue().list(query).value();
        for (const auto& stored : page.messages) {
            seen.push_back(stored.row.id);
        }
        EXPECT_EQ(page.next.has_value(), page_number < 2);
        query.before = page.next;
    }
    auto expected = shared().ids;
    std::ranges::reverse(expected);
    EXPECT_EQ(seen, expected);
}

TEST(Catalogue, lists_by_time_sender_recipient_subject) {
    const auto& catalogue = shared().catalogue();
    const auto count = [&](const ListQuery& query) {
        return catalogue.list(query).value().messages.size();
    };
    const auto time = shared().ids[10].time();
    EXPECT_EQ(count({.from = time}), 30U);
    EXPECT_EQ(count({.to = time}), 10U);
    EXPECT_EQ(count({.from = time, .to = time + std::chrono::seconds(1)}), 1U);
    EXPECT_EQ(count({.sender = "ALICE@"}), 40U);
    EXPECT_EQ(count({.sender = "mallory"}), 0U);
    EXPECT_EQ(count({.subject = shared().ids[3].text()}), 1U);
    const auto wanted =
        std::ranges::count_if(shared().ids, [](MessageId id) { return id.number() % 7 == 3; });
    EXPECT_EQ(count({.recipient = "bob3@"}), static_cast<std::size_t>(wanted));
    EXPECT_EQ(count({.from = from_unix(0), .to = from_unix(1)}), 0U);
}

TEST(Catalogue, a_search_opens_a_bounded_window_and_says_where_to_go_on) {
    const auto page = shared().catalogue().list({.sender = "mallory", .window = 12}).value();
    EXPECT_TRUE(page.messages.empty());
    ASSERT_TRUE(page.next);
    EXPECT_EQ(
        shared().catalogue().list({.before = page.next, .limit = 1}).value().messages.at(0).row.id,
        shared().ids[27]);
}

TEST(Export, c2_9_ARC_02_the_files_of_a_message_verify_with_openssl_and_the_proof_by_itself) {
    const auto records = shared().reader();
    const auto catalogue = shared().catalogue();
    const LogRows log(shared().connection());
    const auto options = shared().options();
    const auto files =
        export_detached({catalogue,
                         log,
                         records,
                         options.keys,
                         tlog::write_verifier_key(Instance::origin, options.log_key.key)},
                        shared().ids[4])
            .value();
    const TemporaryDirectory directory;
    for (const auto& file : files) {
        write_file(directory / file.name, file.bytes);
    }
    EXPECT_EQ(read_file(directory / "message.eml"), Instance::text_of(4));
    const auto readme = read_file(directory / "README.txt");
    int commands = 0;
    for (auto at = readme.find("    openssl "); at != std::string::npos;
         at = readme.find("    openssl", at + 1)) {
        const auto command = readme.substr(at, readme.find('\n', at) - at);
        const auto line = "cd " + directory.path().string() + " && " + command + " >/dev/null 2>&1";
        EXPECT_EQ(std::system(line.c_str()), 0)
            << command;  // NOLINT(cert-env33-c,concurrency-mt-unsafe)
        ++commands;
    }
    EXPECT_EQ(commands, 2);
    const auto proof = tlog::parse_proof_file(read_file(directory / "message.tlog-proof")).value();
    const auto key = load_log_key((directory / "log.pub").string()).value();
    const auto head = tlog::open_checkpoint(proof.checkpoint, key).value();
    EXPECT_TRUE(tlog::verify_inclusion(
        tlog::leaf_hash(proof.extra), proof.index, head.size, proof.hashes, head.root));
    const auto entry = seal::parse_message_entry(proof.extra).value();
    const auto salted =
        read_file(directory / "commitment.salt") +
        std::string(crypto::view(crypto::sha256(read_file(directory / "message.eml"))));
    EXPECT_EQ(entry.commitment, hex_encode(crypto::view(crypto::sha256(salted))));
}

TEST(Export, what_is_not_there_is_refused_by_name) {
    const auto records = shared().reader();
    const auto catalogue = shared().catalogue();
    EXPECT_EQ(open_message(catalogue, records, MessageId(7)).error().code, "archive.no_message");
    EXPECT_EQ(prove_message(catalogue, LogRows(shared().connection()), MessageId(7)).error().code,
              "archive.no_message");
}

TEST(Verify, resumes_where_it_stopped_and_says_the_same) {
    static const Keys keys;
    Instance instance(keys);
    instance.fill(600);
    const auto records = instance.reader();
    Verifier verifier(instance.connection(), instance.vault(), records, instance.options());
    const auto part =
        verifier.verify_all({.progress = [](const Progress&) { return false; }}).value();
    EXPECT_FALSE(part.complete);
    EXPECT_FALSE(part.log.any_bad());
    EXPECT_EQ(part.next, 256U);
    const auto rest = verifier.verify_all({.first = part.next, .threads = 2}).value();
    EXPECT_TRUE(rest.verified());
    EXPECT_EQ(rest.messages, 600 - 256U);
    const auto odd = verifier.verify_all({.first = 300}).value();
    EXPECT_TRUE(odd.verified());
    instance.tamper(
        "update log_leaf set entry = replace(entry, 'time 20', 'time 19') where idx = 290");
    EXPECT_FALSE(verifier.verify_all({.first = 300}).value().verified());
}

TEST(Trust, ARC_09_public_keys_of_the_setting_decide) {
    const Instance& instance = shared();
    const auto catalogue = instance.catalogue();
    const auto records = instance.reader();
    TrustSources sources{.state_path = (instance.directory() / "state").string(),
                         .instance_log_key = tlog::write_verifier_key(
                             Instance::origin, instance.keys().log->public_key())};
    const auto verify = [&](std::size_t i, Findings& findings) {
        auto options =
            load_trust(catalogue, LogRows(shared().connection()), sources, findings).value();
        options.keys.kept.add(instance.keys().office->public_key());
        return Verifier(instance.connection(), instance.vault(), records, options)
            .verify_message(instance.ids[i])
            .value();
    };
    Findings findings;
    EXPECT_TRUE(verify(0, findings).verified());
    sources.public_key_path = (instance.directory() / "office.pem").string();
    EXPECT_TRUE(verify(0, findings).verified());
    const auto report = verify(4, findings);
    EXPECT_FALSE(report.verified()) << "the key of board is not at the path";
    EXPECT_FALSE(report.findings.any_bad()) << "which says nothing against the message";
    EXPECT_EQ(decide_check_state(report, true).check, "unchecked");
    EXPECT_FALSE(findings.any_bad());
    sources.public_key_path = "/nonexistent.pem";
    static_cast<void>(verify(0, findings));
    EXPECT_TRUE(findings.any_bad()) << "a missing key is said";
    sources.public_key_path = "";
    sources.instance_log_key = tlog::write_verifier_key("other", instance.keys().log->public_key());
    Findings other;
    static_cast<void>(verify(0, other));
    EXPECT_TRUE(other.any_bad()) << "state/log.pub is not the instance's key";
}

}  // namespace
}  // namespace bulla::archive::testing

#include "services/job.h"

#include "archive/catalogue.h"
#include "archive/summary.h"
#include "base/clock.h"
#include "seal/entry.h"
#include "services/testing.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <tuple>
#include <vector>

namespace bulla::services {
namespace {

using nlohmann::json;
using testing::TestInstance;

/// Puts a message without signer into the archive.
void archive_message(TestInstance& at, MessageId id, const std::string& text) {
    seal::Batch batch;
    batch.records.push_back(seal::prepare_record(id, seal::RecordKind::received, text, at.random));
    const seal::MessageEntry entry{
        .id = id,
        .time = id.time(),
        .size = text.size(),
        .commitment = seal::make_commitment(seal::commitment_salt(batch.records[0].key), text),
        .signers = {}};
    batch.leaves.push_back(seal::write_entry(entry));
    auto row = archive::seal_message(
        at.instance->vault(),
        {.id = id,
         .archived = true,
         .role = "relay",
         .size = text.size(),
         .summary = archive::write_summary({.subject = "Subject", .from = "ann@example.test"}),
         .trace = "{}"});
    batch.riders.emplace_back([row](store::Tx& tx, const seal::Committed& committed) {
        return archive::insert_message(
            tx, row, committed.addresses[0], static_cast<std::int64_t>(committed.leaf_indexes[0]));
    });
    ASSERT_TRUE(at.instance->sealer().commit(std::move(batch)));
}

/// An instance whose daemon has archived some messages.
struct Archive : TestInstance {
    explicit Archive(int count) {
        context->jobs = std::make_shared<Jobs>(clock);
        for (int i = 0; i < count; ++i) {
            ids.push_back(instance->ids().next());
            archive_message(*this, ids.back(), "Text " + std::to_string(i));
        }
    }

    ~Archive() { context.reset(); }

    Archive(const Archive&) = delete;
    Archive& operator=(const Archive&) = delete;

    void change(const std::string& sql) {
        auto connection = instance->database().lease(store::Access::read_write);
        ASSERT_TRUE((*connection)->run(sql));
    }

    /// The job after it has ended.
    json run(const json& arguments) {
        const auto begun = call("archive.verify_all", arguments);
        EXPECT_TRUE(begun) << begun.error().text;
        const auto id = begun->at("id").get<std::string>();
        EXPECT_TRUE(context->jobs->wait(id));
        return call("job.show", {{"id", id}}).value();
    }

    void verify_signatures() {
        EXPECT_TRUE(
            call("settings.set", {{"name", "signature_verification_enabled"}, {"value", "1"}}));
    }

    std::multiset<std::string> column(const char* name) {
        std::multiset<std::string> values;
        for (const auto& item : call("archive.list").value()["items"]) {
            values.insert(item[name].get<std::string>());
        }
        return values;
    }

    std::vector<MessageId> ids;
};

using Words = std::multiset<std::string>;

TEST(Jobs, ARC_11_the_whole_archive_is_verified_and_lists_show_it) {
    Archive at(3);
    at.verify_signatures();
    EXPECT_EQ(at.column("check"), (Words{"unchecked", "unchecked", "unchecked"}));
    EXPECT_EQ(at.column("seal"), (Words{"unchecked", "unchecked", "unchecked"}));
    const auto job = at.run({{"all", true}});
    EXPECT_EQ(job["state"], "done");
    EXPECT_EQ(job["bad"], 0);
    EXPECT_EQ(job["done"], job["total"]);
    EXPECT_EQ(job["findings"], json::array());
    EXPECT_EQ(at.column("check"), (Words{"unsigned", "unsigned", "unsigned"}));
    EXPECT_EQ(at.column("seal"), (Words{"whole", "whole", "whole"}));
}

TEST(Jobs, ARC_11_what_is_bad_is_told_and_kept) {
    Archive at(3);
    at.verify_signatures();
    at.change("update message set size = 1 where id = " + std::to_string(at.ids[1].number()));
    const auto job = at.run({{"all", true}});
    EXPECT_EQ(job["state"], "done");
    EXPECT_EQ(job["bad"], 1);
    ASSERT_FALSE(job["findings"].empty());
    EXPECT_EQ(job["findings"][0]["id"], at.ids[1].text());
    EXPECT_EQ(job["findings"][0]["state"], "bad");
    const auto problems = at.call("status").value()["problems"];
    ASSERT_EQ(problems.size(), 1U) << "whoever opens the overview is told";
    EXPECT_NE(problems[0].get<std::string>().find("does not verify"), std::string::npos);
    EXPECT_EQ(at.column("check"), (Words{"failed", "unsigned", "unsigned"}));
    EXPECT_EQ(at.column("seal"), (Words{"cracked", "whole", "whole"}));
}

TEST(Jobs, ARC_11_only_the_chosen_messages) {
    Archive at(3);
    at.verify_signatures();
    const auto job = at.run({{"ids", {at.ids[0].text(), at.ids[2].text(), "0000000000001"}}});
    EXPECT_EQ(job["done"], 3);
    EXPECT_EQ(job["total"], 3);
    EXPECT_EQ(job["bad"], 1) << "of the one that is not there nothing can be proved";
    EXPECT_EQ(at.column("seal"), (Words{"unchecked", "whole", "whole"}));
}

TEST(Jobs, ARC_10_switched_off_lists_show_no_check_but_a_seal) {
    Archive at(2);
    EXPECT_EQ(at.column("check"), (Words{"disabled", "disabled"}));
    const auto one = at.call("archive.verify", {{"id", at.ids[0].text()}}).value();
    EXPECT_EQ(one["state"], "disabled");
    EXPECT_EQ(one["seal"], "whole");
    EXPECT_FALSE(one.contains("broken"));
    EXPECT_EQ(at.column("seal"), (Words{"unchecked", "whole"}));
    const auto count_disabled = [&] {
        return at.call("archive.list", {{"check", "disabled"}}).value()["items"].size();
    };
    EXPECT_EQ(count_disabled(), 2U);
    at.verify_signatures();
    EXPECT_EQ(count_disabled(), 0U);
    EXPECT_EQ(at.column("check"), (Words{"unchecked", "unchecked"}))
        << "what was found while it was off says nothing of signatures";
    EXPECT_EQ(at.call("archive.show", {{"id", at.ids[0].text()}}).value()["check"], "unchecked");
    const auto now = at.call("archive.verify", {{"id", at.ids[0].text()}}).value();
    EXPECT_EQ(now["state"], "unsigned");
    EXPECT_EQ(now["seal"], "whole");
    EXPECT_EQ(at.call("archive.list", {{"check", "unchecked"}}).value()["items"].size(), 1U);
}

TEST(Jobs, ARC_10_a_changed_message_breaks_at_its_content) {
    Archive at(1);
    at.verify_signatures();
    at.change("update message set pos = pos + 1");
    const auto one = at.call("archive.verify", {{"id", at.ids[0].text()}}).value();
    EXPECT_EQ(one["state"], "failed");
    EXPECT_EQ(one["seal"], "cracked");
    EXPECT_EQ(one["broken"], "content");
}

TEST(Jobs, API_03_arguments_are_checked) {
    Archive at(1);
    EXPECT_EQ(at.error_of("archive.verify_all"), "service.bad_argument");
    EXPECT_EQ(at.error_of("archive.verify_all", {{"all", true}, {"ids", {"0000000000001"}}}),
              "service.bad_argument");
    EXPECT_EQ(at.error_of("archive.verify_all", {{"ids", {"?"}}}), "archive.no_message");
    EXPECT_EQ(at.error_of("job.show", {{"id", "x"}}), "job.missing");
    EXPECT_EQ(at.error_of("job.cancel", {{"id", "x"}}), "job.missing");
    at.context->jobs.reset();
    EXPECT_EQ(at.error_of("archive.verify_all", {{"all", true}}), "job.no_daemon");
}

/// Work that goes on until it is let go, or cancelled.
struct Held {
    JobWork work() {
        return [this](JobProgress& progress) -> Result<void> {
            while (!progress.stopped() && !go) {
                progress.rest(std::chrono::milliseconds(1));
            }
            progress.advance(go ? 2 : 1, 2);
            return {};
        };
    }

    std::atomic<bool> go = false;
};

std::string id_of(const Result<json>& job) {
    EXPECT_TRUE(job.has_value());
    return job->at("id").get<std::string>();
}

TEST(Jobs, API_03_two_run_at_once_and_one_that_is_cancelled_makes_room) {
    const ManualClock clock{from_unix(1'795'000'000)};
    Held held;
    Jobs jobs(clock);
    const auto first = id_of(jobs.begin("verify", 2, held.work()));
    const auto second = id_of(jobs.begin("verify", 2, held.work()));
    EXPECT_NE(first, second);
    const auto third = jobs.begin("verify", 2, held.work());
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code, "job.too_many");
    EXPECT_EQ(third.error().fault, Fault::temporary);
    EXPECT_TRUE(jobs.cancel(first));
    EXPECT_TRUE(jobs.wait(first));
    EXPECT_EQ(jobs.show(first).value()["state"], "cancelled");
    EXPECT_EQ(jobs.show(second).value()["state"], "running");
    EXPECT_EQ(jobs.show(second).value()["ended"], nullptr);
    EXPECT_TRUE(jobs.begin("verify", 2, held.work()));
    held.go = true;
    EXPECT_TRUE(jobs.wait(second));
    EXPECT_EQ(jobs.show(second).value()["state"], "done");
    EXPECT_TRUE(jobs.cancel(second));
    EXPECT_EQ(jobs.show(second).value()["state"], "done") << "one that has ended stays as it is";
}

TEST(Jobs, API_03_the_oldest_is_forgotten_and_findings_are_bounded) {
    const ManualClock clock{from_unix(1'795'000'000)};
    Jobs jobs(clock, {.kept = 3, .findings = 5});
    std::vector<std::string> ids;
    for (int i = 0; i < 4; ++i) {
        ids.push_back(id_of(jobs.begin("verify", 0, [](JobProgress& progress) -> Result<void> {
            for (int bad = 0; bad < 8; ++bad) {
                progress.add_bad({{"text", "bad"}}, 1);
            }
            return {};
        })));
        EXPECT_TRUE(jobs.wait(ids.back()));
    }
    EXPECT_EQ(jobs.show(ids[0]).error().code, "job.missing");
    const auto last = jobs.show(ids[3]).value();
    EXPECT_EQ(last["bad"], 8);
    EXPECT_EQ(last["findings"].size(), 5U);
}

TEST(Jobs, API_03_a_failure_is_told_and_a_stopping_daemon_waits_for_no_job) {
    const ManualClock clock{from_unix(1'795'000'000)};
    std::vector<std::string> told;
    Held held;
    {
        Jobs jobs(clock);
        jobs.on_job([&](const json& job) {
            told.push_back(job["state"].get<std::string>());
            EXPECT_FALSE(job.contains("findings"));
        });
        const auto failed = id_of(jobs.begin("verify", 0, [](JobProgress&) -> Result<void> {
            return fail("store.io", Fault::temporary, "the disk is gone");
        }));
        EXPECT_TRUE(jobs.wait(failed));
        EXPECT_EQ(jobs.show(failed).value()["state"], "failed");
        EXPECT_EQ(jobs.show(failed).value()["text"], "the disk is gone");
        // Its end is told after it is known: a job that is forgotten has been told of.
        const auto thrown = id_of(jobs.begin("verify", 0, [](JobProgress&) -> Result<void> {
            throw std::runtime_error("it broke");
        }));
        EXPECT_TRUE(jobs.wait(thrown));
        EXPECT_EQ(jobs.show(thrown).value()["text"], "it broke");
        jobs.on_job({});
        std::ignore = jobs.begin("verify", 2, held.work());
    }
    ASSERT_FALSE(told.empty());
    EXPECT_EQ(told.front(), "running");
}

}  // namespace
}  // namespace bulla::services

#include "services/change.h"
#include "services/testing.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bulla::services {
namespace {

using nlohmann::json;
using testing::TestInstance;

/// An instance whose audit has entries `first` to `last` - 1 besides those of its making: three of four are key use, the others of two
/// administrators.
struct Audited : TestInstance {
    static constexpr std::int64_t first = 1000;
    static constexpr std::int64_t last = 1200;

    Audited() {
        EXPECT_TRUE(
            commit_rows(*context, [](store::Tx& tx, const seal::Committed&) -> Result<void> {
                for (auto i = first; i < last; ++i) {
                    const std::string action = i % 4 != 0   ? "key.use"
                                               : i % 8 == 0 ? "domain.add"
                                                            : "settings.set";
                    BULLA_CHECK(tx.run(
                        "insert into audit (idx, at, actor, action, target, detail) values "
                        "(:idx, :at, :actor, :action, :target, '')",
                        {i, i, i % 12 == 0 ? "ann" : "bob", action, "t" + std::to_string(i % 5)}));
                }
                return {};
            }));
    }

    /// The numbers of all entries from `first` on, page by page.
    std::vector<std::int64_t> page_through(json arguments) {
        std::vector<std::int64_t> seen;
        for (int pages = 0; pages < 1000; ++pages) {
            const auto page = call("audit.list", arguments).value();
            EXPECT_LE(page["items"].size(), arguments["limit"].get<std::size_t>());
            for (const auto& item : page["items"]) {
                if (item["index"] >= first) {
                    seen.push_back(item["index"].get<std::int64_t>());
                }
            }
            if (!page.contains("next")) {
                return seen;
            }
            arguments["cursor"] = page["next"];
        }
        ADD_FAILURE() << "there is always a next page";
        return seen;
    }

    template <class Fits>
    static std::vector<std::int64_t> expect(const Fits& fits) {
        std::vector<std::int64_t> expected;
        for (auto i = last - 1; i >= first; --i) {
            if (fits(i)) {
                expected.push_back(i);
            }
        }
        return expected;
    }
};

TEST(Audit, GW_06_acts_are_listed_without_key_use_and_key_use_when_asked_for) {
    Audited at;
    for (const int limit : {1, 3, 7, 1000}) {
        EXPECT_EQ(at.page_through({{"limit", limit}}),
                  Audited::expect([](auto i) { return i % 4 == 0; }))
            << limit;
        EXPECT_EQ(at.page_through({{"limit", limit}, {"action", "key."}}),
                  Audited::expect([](auto i) { return i % 4 != 0; }))
            << limit;
    }
}

TEST(Audit, GW_06_entries_are_found_by_actor_action_and_target) {
    Audited at;
    EXPECT_EQ(at.page_through({{"limit", 2}, {"actor", "ann"}}),
              Audited::expect([](auto i) { return i % 12 == 0; }));
    EXPECT_EQ(at.page_through({{"limit", 2}, {"action", "domain"}}),
              Audited::expect([](auto i) { return i % 8 == 0; }));
    EXPECT_EQ(at.page_through({{"limit", 2}, {"target", "t3"}, {"actor", "bob"}}),
              Audited::expect([](auto i) { return i % 4 == 0 && i % 12 != 0 && i % 5 == 3; }));
    EXPECT_EQ(at.page_through({{"limit", 2}, {"action", "nothing"}}), std::vector<std::int64_t>{});
}

}  // namespace
}  // namespace bulla::services

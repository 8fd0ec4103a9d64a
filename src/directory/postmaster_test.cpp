#include "directory/postmaster.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bulla::directory {
namespace {

TEST(Postmaster, c2_8_is_of_the_local_domain_nearest_to_the_host) {
    struct Row {
        std::string hostname;
        std::vector<std::string> domains;
        std::string postmaster;
    };

    for (const Row& row :
         {Row{"mx.example.test", {"mx.example.test", "example.test"}, "postmaster@mx.example.test"},
          Row{"mx.example.test", {"a.test", "example.test"}, "postmaster@example.test"},
          Row{"mx.far.test", {"b.test", "a.test"}, "postmaster@a.test"},
          Row{"mx.far.test", {}, ""}}) {
        Snapshot snapshot;
        snapshot.config.hostname = row.hostname;
        for (const auto& domain : row.domains) {
            snapshot.domains[domain] = true;
        }
        const auto found = find_postmaster(snapshot);
        EXPECT_EQ(found ? found->text() : "", row.postmaster) << row.hostname;
    }
}

}  // namespace
}  // namespace bulla::directory

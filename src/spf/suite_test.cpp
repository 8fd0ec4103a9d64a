#include "spf/check.h"
#include "spf/test_support.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

// The test suite of openspf.org for RFC 7208, and the one for RFC 4408 (tests/data/spf).

namespace bulla::spf {
namespace {

using Json = nlohmann::json;

const Json& suite(const std::string& rfc) {
    static std::map<std::string, Json> read;
    Json& json = read[rfc];
    if (json.is_null()) {
        std::ifstream in(std::string(BULLA_SOURCE_DIR) + "/tests/data/spf/" + rfc + "-tests.json");
        json = Json::parse(in);
    }
    return json;
}

// Code points below 256 as octets.
std::string octets(const Json& text) {
    const auto utf8 = text.get<std::string>();
    std::string out;
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const auto octet = static_cast<unsigned char>(utf8[i]);
        out.push_back(octet < 0x80U
                          ? utf8[i]
                          : static_cast<char>(static_cast<unsigned>(octet & 0x3U) << 6U |
                                              (static_cast<unsigned>(utf8[++i]) & 0x3FU)));
    }
    return out;
}

// A text, or the strings of one TXT record.
std::string txt_rdata(const Json& value) {
    if (!value.is_array()) {
        return dns::write_txt(octets(value));
    }
    std::string rdata;
    for (const Json& part : value) {
        rdata += dns::write_txt(octets(part));
    }
    return rdata;
}

void add_record(Zone& zone, const std::string& name, const std::string& type, const Json& value) {
    if (type == "A" || type == "AAAA") {
        zone.address(name, octets(value));
    } else if (type == "MX") {
        zone.mx(name, static_cast<unsigned>(std::stoul(octets(value[0]))), octets(value[1]));
    } else if (type == "PTR") {
        zone.add(dns::RecordType::ptr, name, wire_name(octets(value)));
    } else if (type == "CNAME") {
        auto target = octets(value);
        zone.cname(name, target.substr(0, target.find_last_not_of('.') + 1));
    } else if (value != "NONE") {
        ASSERT_TRUE(type == "TXT" || type == "SPF") << type;
        zone.add(dns::RecordType::txt, name, txt_rdata(value));
    }
}

// Records of the old type SPF count as TXT where a name has none of those, as the suite's heading asks.
Zone make_zone(const Json& zonedata) {
    Zone zone;
    for (const auto& [name, records] : zonedata.items()) {
        const bool has_txt =
            std::ranges::any_of(records, [](const Json& record) { return record.contains("TXT"); });
        for (const Json& record : records) {
            if (record == "TIMEOUT") {
                zone.failure(name);
                continue;
            }
            const auto [type, value] = *record.items().begin();
            if (type != "SPF" || !has_txt) {
                add_record(zone, name, type, value);
            }
        }
    }
    return zone;
}

bool same_text(const std::string& a, const std::string& b) {
    return lower_case(a) == lower_case(b);
}

// Runs a test in every way that must not matter: with and without questions ahead of need, answers in either order.
void run_test(const Json& test, const Zone& zone) {
    const Client client{.ip = Ip::parse(octets(test["host"])).value(),
                        .helo = octets(test["helo"]),
                        .sender = octets(test["mailfrom"]),
                        .receiver = "mx.example.org",
                        .now = from_unix(1'700'000'000)};
    for (const std::size_t ahead : {0U, 10U}) {
        const Check check(client, Identity::mail_from, {.max_asked_ahead = ahead});
        for (const bool reversed : {false, true}) {
            const auto run = run_check(check, zone, reversed);
            const CheckResult& result = run.result;
            EXPECT_TRUE(std::ranges::count(test["result"], Json(to_string(result.verdict))) > 0)
                << to_string(result.verdict) << ": " << result.reason << "; wanted "
                << test["result"];
            EXPECT_LE(run.rounds, Check::max_rounds);
            EXPECT_FALSE(result.reason.empty());
            if (test.contains("explanation")) {
                const auto wanted = octets(test["explanation"]);
                // The suite has nibbles of IPv6 addresses in upper case, RFC 7208 7.4 in lower case.
                EXPECT_TRUE(
                    same_text(result.explanation, wanted == "DEFAULT" ? std::string() : wanted))
                    << result.explanation;
            }
        }
    }
}

void run_scenario(const std::string& rfc, const std::string& description) {
    for (const Json& scenario : suite(rfc)) {
        if (scenario["description"] != description) {
            continue;
        }
        const Zone zone = make_zone(scenario["zonedata"]);
        EXPECT_FALSE(scenario["tests"].empty());
        for (const auto& [name, test] : scenario["tests"].items()) {
            SCOPED_TRACE(name + " (" + octets(test["spec"]) + ")");
            run_test(test, zone);
        }
        return;
    }
    ADD_FAILURE() << "no scenario " << description;
}

TEST(SpfSuite, rfc7208_4_3_initial_processing) {
    run_scenario("rfc7208", "Initial processing");
}

TEST(SpfSuite, rfc7208_4_4_record_lookup) {
    run_scenario("rfc7208", "Record lookup");
}

TEST(SpfSuite, rfc7208_4_5_selecting_records) {
    run_scenario("rfc7208", "Selecting records");
}

TEST(SpfSuite, rfc7208_4_6_record_evaluation) {
    run_scenario("rfc7208", "Record evaluation");
}

TEST(SpfSuite, rfc7208_5_1_all) {
    run_scenario("rfc7208", "ALL mechanism syntax");
}

TEST(SpfSuite, rfc7208_5_5_ptr) {
    run_scenario("rfc7208", "PTR mechanism syntax");
}

TEST(SpfSuite, rfc7208_5_3_a) {
    run_scenario("rfc7208", "A mechanism syntax");
}

TEST(SpfSuite, rfc7208_5_2_include) {
    run_scenario("rfc7208", "Include mechanism semantics and syntax");
}

TEST(SpfSuite, rfc7208_5_4_mx) {
    run_scenario("rfc7208", "MX mechanism syntax");
}

TEST(SpfSuite, rfc7208_5_7_exists) {
    run_scenario("rfc7208", "EXISTS mechanism syntax");
}

TEST(SpfSuite, rfc7208_5_6_ip4) {
    run_scenario("rfc7208", "IP4 mechanism syntax");
}

TEST(SpfSuite, rfc7208_5_6_ip6) {
    run_scenario("rfc7208", "IP6 mechanism syntax");
}

TEST(SpfSuite, rfc7208_6_modifiers) {
    run_scenario("rfc7208", "Semantics of exp and other modifiers");
}

TEST(SpfSuite, rfc7208_7_macros) {
    run_scenario("rfc7208", "Macro expansion rules");
}

TEST(SpfSuite, rfc7208_4_6_4_processing_limits) {
    run_scenario("rfc7208", "Processing limits");
}

TEST(SpfSuite, rfc7208_cases_from_implementation_bugs) {
    run_scenario("rfc7208", "Test cases from implementation bugs");
}

TEST(SpfSuite, rfc7208_has_no_scenario_that_is_not_run_above) {
    EXPECT_EQ(suite("rfc7208").size(), 16);
    std::size_t tests = 0;
    for (const Json& scenario : suite("rfc7208")) {
        tests += scenario["tests"].size();
    }
    EXPECT_EQ(tests, 200);
}

// Every case of the older suite: RFC 7208 only narrowed what RFC 4408 left open. Where the lists of results differ, the newer suite takes away
// - what records of the type SPF brought about (txtonly, spfonly, spftimeout, txttimeout, nospftxttimeout, spfoverride, multitxt1, multispf2),
// - ip6 for IPv4-mapped clients (cidr6-0-ip4, cidr6-ip4), failures of the DNS as no match (exists-dnserr), more than ten MX (mx-limit).
TEST(SpfSuite, rfc4408_holds_too) {
    std::size_t tests = 0;
    for (const Json& scenario : suite("rfc4408")) {
        SCOPED_TRACE(octets(scenario["description"]));
        tests += scenario["tests"].size();
        run_scenario("rfc4408", octets(scenario["description"]));
    }
    EXPECT_EQ(tests, 191);
}

}  // namespace
}  // namespace bulla::spf

#include "gateway/doors/auth_throttle.h"

#include <gtest/gtest.h>

#include <vector>

namespace bulla::gateway {
namespace {

using namespace std::chrono_literals;

const Ip attacker = Ip::parse("192.0.2.66").value();
const Ip home = Ip::parse("198.51.100.1").value();

// How long a try has to wait that is over at once; nullopt: it is refused.
std::optional<std::chrono::microseconds> wait_of(AuthThrottle& throttle,
                                                 const Ip& client,
                                                 std::string_view login) {
    const auto turn = throttle.take_turn(client, login);
    EXPECT_NE(turn.kind, AuthThrottle::Turn::Kind::busy);
    return turn.kind == AuthThrottle::Turn::Kind::go ? std::optional(turn.wait) : std::nullopt;
}

TEST(AuthThrottle, c2_5_delay_grows_with_failures) {
    ManualClock clock(from_unix(1'800'000'000));
    AuthThrottle throttle(clock);
    // Three failures are free; then 1, 2, 4, 8 seconds; then it is too long to wait.
    const std::optional<std::chrono::microseconds> expected[] = {
        0s, 0s, 0s, 1s, 2s, 4s, 8s, std::nullopt};
    for (const auto& wait : expected) {
        EXPECT_EQ(wait_of(throttle, attacker, "u"), wait);
        throttle.failed(attacker, "u");
    }
    clock.advance(31min);
    EXPECT_EQ(wait_of(throttle, attacker, "u"), 0s) << "it is forgotten after half an hour";
}

TEST(AuthThrottle, c2_5_parallel_tries_get_turns_one_after_the_other) {
    ManualClock clock(from_unix(1'800'000'000));
    AuthThrottle throttle(clock);
    for (int i = 0; i < 3; ++i) {
        throttle.failed(attacker, "u");
    }
    for (int i = 1; i <= 8; ++i) {
        EXPECT_EQ(wait_of(throttle, attacker, "other" + std::to_string(i)),
                  std::chrono::seconds(i));
    }
    EXPECT_EQ(wait_of(throttle, attacker, "other"), std::nullopt);
}

TEST(AuthThrottle, c2_5_a_burst_meets_the_failures_of_its_first) {
    using enum AuthThrottle::Turn::Kind;
    ManualClock clock(from_unix(1'800'000'000));
    AuthThrottle throttle(clock);
    std::vector<AuthThrottle::Turn> burst;
    for (int i = 0; i < 20; ++i) {
        burst.push_back(throttle.take_turn(attacker, "u" + std::to_string(i)));
        EXPECT_EQ(burst.back().kind, i < 3 ? go : busy) << i;
    }
    EXPECT_EQ(throttle.take_turn(home, "v").kind, go) << "others are not held up";
    for (int i = 0; i < 3; ++i) {
        throttle.failed(attacker, "u" + std::to_string(i));
    }
    burst.clear();
    EXPECT_EQ(wait_of(throttle, attacker, "u4"), 1s);
    EXPECT_EQ(wait_of(throttle, attacker, "u5"), 2s);
}

TEST(AuthThrottle, c2_5_a_burst_at_one_login_from_everywhere) {
    using enum AuthThrottle::Turn::Kind;
    ManualClock clock(from_unix(1'800'000'000));
    AuthThrottle throttle(clock);
    std::vector<AuthThrottle::Turn> burst;
    for (int i = 0; i < 5; ++i) {
        burst.push_back(throttle.take_turn(Ip::parse("192.0.2." + std::to_string(i)).value(), "u"));
        EXPECT_EQ(burst.back().kind, i < 3 ? go : busy) << i;
    }
    burst.clear();
    EXPECT_EQ(throttle.take_turn(attacker, "u").kind, go);
}

TEST(AuthThrottle, c2_5_many_sessions_of_one_program_all_get_in) {
    using enum AuthThrottle::Turn::Kind;
    ManualClock clock(from_unix(1'800'000'000));
    AuthThrottle throttle(clock);
    std::vector<AuthThrottle::Turn> sessions;
    for (int i = 0; i < 3; ++i) {
        sessions.push_back(throttle.take_turn(home, "app"));
    }
    EXPECT_EQ(throttle.take_turn(home, "app").kind, busy);
    throttle.succeeded(home, "app");
    for (int i = 0; i < 30; ++i) {
        sessions.push_back(throttle.take_turn(home, "app"));
        EXPECT_EQ(sessions.back().kind, go);
        EXPECT_EQ(sessions.back().wait, 0s);
    }
}

TEST(AuthThrottle, c2_5_a_login_is_protected_from_many_addresses) {
    ManualClock clock(from_unix(1'800'000'000));
    AuthThrottle throttle(clock);
    throttle.succeeded(home, "U");
    for (int i = 0; i < 10; ++i) {
        throttle.failed(Ip::parse("192.0.2." + std::to_string(i)).value(), "u");
    }
    EXPECT_EQ(wait_of(throttle, attacker, "u"), std::nullopt);
    EXPECT_EQ(wait_of(throttle, attacker, "v"), 0s);
    EXPECT_EQ(wait_of(throttle, home, "u"), 0s)
        << "who was here before is not locked out by others";
}

TEST(AuthThrottle, c2_5_an_ipv6_host_is_its_64) {
    ManualClock clock(from_unix(1'800'000'000));
    AuthThrottle throttle(clock);
    for (int i = 0; i < 10; ++i) {
        throttle.failed(Ip::parse("2001:db8::" + std::to_string(i)).value(),
                        "u" + std::to_string(i));
    }
    EXPECT_EQ(wait_of(throttle, Ip::parse("2001:db8::ffff").value(), "x"), std::nullopt);
    EXPECT_EQ(wait_of(throttle, Ip::parse("2001:db8:0:1::1").value(), "x"), 0s);
}

}  // namespace
}  // namespace bulla::gateway

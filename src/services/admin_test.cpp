#include "base/encoding.h"
#include "services/admin_client.h"
#include "services/admin_protocol.h"
#include "services/admin_server.h"
#include "services/call.h"
#include "services/testing.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

namespace bulla::services {
namespace {

using nlohmann::json;
using testing::TestInstance;

int connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return socket;
}

AdminDeadline soon() {
    return std::chrono::steady_clock::now() + std::chrono::seconds(30);
}

/// The code of the error that raw octets get as an answer.
std::string answer_to(const std::string& path, const std::string& octets) {
    const int socket = connect_to(path);
    // Who is refused at once may find the line closed already; the answer is there all the same.
    const auto sent = ::send(socket, octets.data(), octets.size(), MSG_NOSIGNAL);
    EXPECT_TRUE(sent == static_cast<ssize_t>(octets.size()) || errno == EPIPE);
    ::shutdown(socket, SHUT_WR);
    const auto frame = read_admin_frame(socket, max_admin_response, soon());
    ::close(socket);
    const auto result = frame ? parse_admin_result(*frame) : frame;
    return result ? "value" : std::string(result.error().code);
}

std::string frame(const std::string& body) {
    std::string out;
    put_u32(out, static_cast<std::uint32_t>(body.size()));
    return out + body;
}

TEST(Admin, c2_4_the_socket_is_the_owners_alone_and_serves_services) {
    TestInstance at;
    const std::string path = admin_socket_path(at.config);
    {
        const auto server = AdminServer::start(path, *at.context);
        ASSERT_TRUE(server) << server.error().text;
        struct stat info{};
        ASSERT_EQ(::stat(path.c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0777U, 0600U);
        EXPECT_TRUE(call_daemon(path, "domain.add", {{"name", "example.org"}}));
        const auto twice = call_daemon(path, "domain.add", {{"name", "example.org"}});
        ASSERT_FALSE(twice);
        EXPECT_EQ(twice.error().code, "domain.exists");
        EXPECT_EQ(twice.error().fault, Fault::sender);
        EXPECT_EQ(twice.error().field, "name");
        EXPECT_EQ(call_daemon(path, "audit.list", {{"limit", 1}})
                      .value()["items"][0]["actor"]
                      .get<std::string>()
                      .substr(0, 4),
                  "cli:");
    }
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_EQ(call_daemon(path, "domain.list", json::object()).error().code, "admin.unreachable");
}

TEST(Admin, c3_1_an_error_keeps_what_it_says_on_its_way_through_the_socket) {
    const Error error{.code = "auth.locked",
                      .fault = Fault::temporary,
                      .text = "text",
                      .field = "user",
                      .retry_after = 8};
    const auto read = parse_admin_result(write_admin_result(std::unexpected(error)));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, error.code);
    EXPECT_EQ(read.error().fault, error.fault);
    EXPECT_EQ(read.error().text, error.text);
    EXPECT_EQ(read.error().field, error.field);
    EXPECT_EQ(read.error().retry_after, error.retry_after);
    // A daemon of before says neither.
    const auto old = parse_admin_result({{"error", {{"code", "a.b"}, {"fault", 0}, {"text", ""}}}});
    EXPECT_EQ(old.error().field, "");
    EXPECT_EQ(old.error().retry_after, 0U);
}

TEST(Admin, c2_4_bad_frames_are_answered_and_the_next_is_served) {
    TestInstance at;
    const std::string path = admin_socket_path(at.config);
    const auto server = AdminServer::start(path, *at.context);
    ASSERT_TRUE(server);

    struct Row {
        std::string octets, answer;
    };

    const std::vector<Row> rows = {
        {frame(R"({"call":"domain.list","arguments":{}})"), "value"},
        {frame("{"), "admin.bad_json"},
        {frame(""), "admin.bad_json"},
        {frame("[]"), "admin.bad_json"},
        {frame(R"({"call":1,"arguments":{}})"), "admin.bad_json"},
        {frame(R"({"call":"domain.list"})"), "admin.bad_json"},
        {frame(R"({"call":"none","arguments":{}})"), "service.unknown"},
        {std::string("\x00\x10\x00\x01", 4), "admin.too_large"},
        {std::string("\x00\x00\x00\x09{}", 6), "admin.closed"},
        {"", "admin.closed"},
        {frame(R"({"call":"domain.list","arguments":{}})"), "value"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(answer_to(path, row.octets), row.answer) << row.octets;
    }
}

TEST(Admin, c2_4_a_call_that_a_stopping_daemon_never_took_up_was_not_made) {
    const testing::Folder folder;
    const std::string path = folder.path() + "/s";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener, 1), 0);
    const int waiting = connect_to(path);
    const std::string octets = frame("{}");
    ASSERT_EQ(::send(waiting, octets.data(), octets.size(), MSG_NOSIGNAL), 6);
    ::close(listener);
    EXPECT_EQ(read_admin_frame(waiting, 100, soon()).error().code, "admin.unread");
    EXPECT_EQ(write_admin_frame(waiting, json::object(), 100, soon()).error().code, "admin.unread");
    ::close(waiting);
}

TEST(Admin, c2_4_other_users_are_refused_whatever_the_permissions) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "only root can become another user";
    }
    TestInstance at;
    const std::string path = at.folder.path() + "/s";
    const auto server = AdminServer::start(path, *at.context);
    ASSERT_TRUE(server);
    ::chmod(path.c_str(), 0777);
    const pid_t child = ::fork();
    if (child == 0) {
        if (::setresuid(65534, 65534, 65534) != 0) {
            ::_exit(2);
        }
        const auto answer = answer_to(path, frame(R"({"call":"domain.list","arguments":{}})"));
        ::_exit(answer == "admin.not_permitted" ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    EXPECT_TRUE(call_daemon(path, "domain.list", json::object()));
}

TEST(Admin, c2_4_a_change_goes_to_the_daemon_or_is_done_here) {
    TestInstance at;
    const CallOptions options{.prompt = false, .clock = at.clock, .random = at.random};
    {
        const auto server = AdminServer::start(admin_socket_path(at.config), *at.context);
        ASSERT_TRUE(server);
        ASSERT_TRUE(call_instance(at.config, "domain.add", {{"name", "by-daemon.test"}}, options));
        EXPECT_TRUE(at.instance->snapshots().current()->is_local(
            DomainName::parse("by-daemon.test").value()));
        EXPECT_EQ(call_instance(at.config, "domain.list", json::object(), options).value().size(),
                  2U);
        EXPECT_EQ(call_instance(at.config, "status", json::object(), options).value()["domains"],
                  2);
    }
    at.close();
    ASSERT_TRUE(call_instance(at.config, "domain.add", {{"name", "here.test"}}, options));
    EXPECT_EQ(call_instance(at.config, "domain.list", json::object(), options).value().size(), 3U);
    at.open();
    EXPECT_TRUE(
        at.instance->snapshots().current()->is_local(DomainName::parse("here.test").value()));
}

TEST(Admin, results_read_as_they_are_written) {
    const Result<json> error = fail("x.y", Fault::temporary, "text");
    const auto read = parse_admin_result(write_admin_result(error));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, "x.y");
    EXPECT_EQ(read.error().fault, Fault::temporary);
    EXPECT_EQ(read.error().text, "text");
    EXPECT_EQ(parse_admin_result(write_admin_result(json({1, 2}))).value(), json({1, 2}));
    for (const char* bad : {"null",
                            "3",
                            "{}",
                            R"({"error":{}})",
                            R"({"error":{"code":"a","text":"b","fault":3}})",
                            R"({"error":"x"})"}) {
        EXPECT_EQ(parse_admin_result(json::parse(bad)).error().code, "admin.bad_json") << bad;
    }
}

}  // namespace
}  // namespace bulla::services

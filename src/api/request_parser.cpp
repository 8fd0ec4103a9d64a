#include "api/request_parser.h"

#include "api/chunk_decoder.h"
#include "net/asio.h"

#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace bulla::api {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

// A client may send an empty line or two before a request (RFC 9112 2.2).
constexpr std::size_t empty_lines = 4;

std::unexpected<Error> bad(std::string_view why, std::string_view rfc = {}) {
    return fail("http.bad_request", Fault::sender, fmt::format("The request {}.", why), rfc);
}

Method method_of(std::string_view name) {
    for (const auto method : {Method::get,
                              Method::head,
                              Method::post,
                              Method::put,
                              Method::patch,
                              Method::remove,
                              Method::options}) {
        if (name_of(method) == name) {
            return method;
        }
    }
    return Method::other;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out;
}

// Beast's grammar of a head; what it reads goes into `head`. Bodies are read here: fed octet by octet, its reader of chunks ends the program
// by an assertion (Boost 1.81).
class Reader final : public http::basic_parser<true> {
  public:
    RequestHead head;
    std::size_t field_limit = 0;
    bool too_many_fields = false;

  private:
    void on_request_impl(http::verb /*verb*/,
                         beast::string_view method,
                         beast::string_view target,
                         int version,
                         beast::error_code& /*ec*/) override {
        head.method = method_of({method.data(), method.size()});
        head.target.assign(target.data(), target.size());
        head.http11 = version == 11;
    }

    void on_response_impl(int /*code*/,
                          beast::string_view /*reason*/,
                          int /*version*/,
                          beast::error_code& /*ec*/) override {}

    void on_field_impl(http::field /*field*/,
                       beast::string_view name,
                       beast::string_view value,
                       beast::error_code& ec) override {
        if (head.fields.size() >= field_limit) {
            too_many_fields = true;
            ec = http::error::header_limit;
            return;
        }
        head.fields.push_back({lower({name.data(), name.size()}), {value.data(), value.size()}});
    }

    void on_header_impl(beast::error_code& /*ec*/) override {}

    void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/,
                           beast::error_code& /*ec*/) override {}

    std::size_t on_body_impl(beast::string_view bytes, beast::error_code& /*ec*/) override {
        return bytes.size();
    }

    void on_chunk_header_impl(std::uint64_t /*size*/,
                              beast::string_view /*extensions*/,
                              beast::error_code& /*ec*/) override {}

    std::size_t on_chunk_body_impl(std::uint64_t /*rest*/,
                                   beast::string_view bytes,
                                   beast::error_code& /*ec*/) override {
        return bytes.size();
    }

    void on_finish_impl(beast::error_code& /*ec*/) override {}
};

// What Beast lets pass and another server might read otherwise, from `from` to the LF at `last`.
Result<void> check_lines(std::string_view head, std::size_t from, std::size_t last) {
    for (std::size_t i = from; i <= last; ++i) {
        const char c = head[i];
        if (c == '\0') {
            return bad("has a NUL in its head", "RFC 9110 5.5");
        }
        if (c == '\n' && (i == 0 || head[i - 1] != '\r')) {
            return bad("has a line that ends in LF alone", "RFC 9112 2.2");
        }
        // RFC 9112 2.2: "A recipient of such a bare CR MUST consider that element to be invalid"
        if (c == '\r' && head[i + 1] != '\n') {
            return bad("has a CR without LF", "RFC 9112 2.2");
        }
        // RFC 9112 5.2: "A server that receives an obs-fold in a request message […] MUST either reject the message […]"
        if (c == '\n' && i + 1 < head.size() && (head[i + 1] == ' ' || head[i + 1] == '\t')) {
            return bad("has a folded field", "RFC 9112 5.2");
        }
    }
    return {};
}

Result<void> check_body_fields(RequestHead& head) {
    const auto lengths = head.count("content-length");
    const auto codings = head.count("transfer-encoding");
    // RFC 9112 6.1: "A server MAY reject a request that contains both Content-Length and Transfer-Encoding"
    if (lengths + codings > 1) {
        return bad("says more than once how long it is", "RFC 9112 6.3");
    }
    if (codings == 1) {
        // RFC 9112 6.1: "A server that receives a request message with a transfer coding it does not understand SHOULD respond with 501"
        if (lower(*head.find("transfer-encoding")) != "chunked") {
            return fail("http.unknown_coding",
                        Fault::sender,
                        "The only transfer coding is chunked.",
                        "RFC 9112 6.1");
        }
        if (!head.http11) {
            return bad("has chunks, which HTTP/1.0 does not know", "RFC 9112 6.1");
        }
        head.has_body = true;
    }
    if (lengths == 1) {
        const std::string& text = *head.find("content-length");
        const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
        if (text.empty() || text.size() > 15 || !std::ranges::all_of(text, is_digit)) {
            return bad("has a Content-Length that is no number", "RFC 9110 8.6");
        }
        head.body_bytes = std::stoull(text);
        head.has_body = *head.body_bytes > 0;
    }
    return {};
}

// An absolute target says the host itself (RFC 9112 3.2.2).
Result<void> check_target(RequestHead& head) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (lower(std::string_view(head.target).substr(0, scheme.size())) != scheme) {
            continue;
        }
        const std::size_t path = std::min(head.target.find('/', scheme.size()), head.target.size());
        head.host = head.target.substr(scheme.size(), path - scheme.size());
        head.target = path == head.target.size() ? "/" : head.target.substr(path);
        return {};
    }
    if (head.target == "*" && head.method == Method::options) {
        return {};
    }
    if (!head.target.starts_with('/')) {
        return bad("has a target that is no path", "RFC 9112 3.2");
    }
    return {};
}

Result<void> check_host(RequestHead& head) {
    const auto hosts = head.count("host");
    // RFC 9112 3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that lacks a Host header field and
    // to any request message that contains more than one Host header field line"
    if (hosts > 1 || (hosts == 0 && head.http11)) {
        return fail("http.bad_host",
                    Fault::sender,
                    "The request needs exactly one Host field.",
                    "RFC 9112 3.2");
    }
    if (hosts == 1) {
        head.host = *head.find("host");
    }
    return {};
}

Result<void> check_connection(RequestHead& head, bool keep_alive) {
    head.keep_alive = keep_alive;
    if (const std::string* expect = head.find("expect")) {
        if (lower(*expect) != "100-continue") {
            return fail("http.unknown_expectation",
                        Fault::sender,
                        "The only expectation is 100-continue.",
                        "RFC 9110 10.1.1");
        }
        head.expects_continue = head.http11;
    }
    return {};
}

}  // namespace

struct RequestParser::Impl {
    enum class Stage { head, waiting, body, done };

    explicit Impl(const RequestLimits& given) : limits(given) { reset(); }

    RequestLimits limits;
    Stage stage = Stage::head;
    std::string buffer;
    std::size_t scanned = 0;
    std::size_t checked = 0;
    std::size_t skipped_lines = 0;
    std::uint64_t body_limit = 0;
    std::unique_ptr<Reader> reader;
    std::unique_ptr<ChunkDecoder> chunks;
    std::string body;

    void reset() {
        reader = std::make_unique<Reader>();
        chunks.reset();
        body.clear();
        reader->skip(true);
        reader->field_limit = limits.fields;
        // The head comes in one piece, whose size is looked at here.
        reader->header_limit(static_cast<std::uint32_t>(limits.head_bytes) + 1);
        stage = Stage::head;
        scanned = 0;
        checked = 0;
        skipped_lines = 0;
    }

    Result<void> advance() {
        if (stage == Stage::head) {
            return read_head();
        }
        return stage == Stage::body ? read_body() : Result<void>{};
    }

    Result<void> read_head() {
        while (buffer.starts_with("\r\n")) {
            if (++skipped_lines > empty_lines) {
                return bad("begins with empty lines");
            }
            buffer.erase(0, 2);
            scanned = 0;
        }
        if (!buffer.empty() && buffer != "\r" && !is_token_char(buffer.front())) {
            return bad("is no HTTP");
        }
        const std::size_t end = buffer.find("\r\n\r\n", scanned < 3 ? 0 : scanned - 3);
        scanned = buffer.size();
        const std::size_t head_bytes = end == std::string::npos ? buffer.size() : end + 4;
        if (std::min(buffer.find('\n'), head_bytes) > limits.target_bytes + 32) {
            return fail("http.target_too_long",
                        Fault::sender,
                        fmt::format("The target has more than {} octets.", limits.target_bytes));
        }
        if (head_bytes > limits.head_bytes) {
            return fail("http.head_too_large",
                        Fault::sender,
                        fmt::format("The head has more than {} octets.", limits.head_bytes));
        }
        const std::size_t line_end = end == std::string::npos ? buffer.find_last_of('\n') : end + 3;
        if (line_end != std::string::npos) {
            BULLA_CHECK(
                check_lines(std::string_view(buffer).substr(0, head_bytes), checked, line_end));
            checked = line_end;
        }
        return end == std::string::npos ? Result<void>{} : take_head(end + 4);
    }

    Result<void> take_head(std::size_t size) {
        beast::error_code ec;
        const std::size_t used = reader->put(asio::const_buffer(buffer.data(), size), ec);
        if (reader->too_many_fields) {
            return fail("http.head_too_large",
                        Fault::sender,
                        fmt::format("The head has more than {} fields.", limits.fields));
        }
        if (ec == http::error::bad_version) {
            return fail(
                "http.bad_version", Fault::sender, "Only HTTP/1.1 and HTTP/1.0 are spoken.");
        }
        if (ec || used != size || !reader->is_header_done()) {
            return bad(fmt::format("cannot be read: {}", ec.message()));
        }
        buffer.erase(0, size);
        RequestHead& head = reader->head;
        if (head.target.size() > limits.target_bytes) {
            return fail("http.target_too_long",
                        Fault::sender,
                        fmt::format("The target has more than {} octets.", limits.target_bytes));
        }
        BULLA_CHECK(check_host(head));
        BULLA_CHECK(check_target(head));
        BULLA_CHECK(check_body_fields(head));
        BULLA_CHECK(check_connection(head, reader->keep_alive()));
        stage = Stage::waiting;
        return {};
    }

    Result<void> read_body() {
        const std::uint64_t wanted = reader->head.body_bytes.value_or(0);
        std::size_t used = 0;
        if (chunks) {
            BULLA_TRY(size, chunks->feed(buffer, body));
            used = size;
        } else {
            used = std::min(buffer.size(), wanted - body.size());
            body.append(buffer, 0, used);
        }
        buffer.erase(0, used);
        if (body.size() > body_limit) {
            return too_large();
        }
        if (chunks ? chunks->is_done() : body.size() == wanted) {
            stage = Stage::done;
        }
        return {};
    }

    [[nodiscard]] std::unexpected<Error> too_large() const {
        return fail("http.body_too_large",
                    Fault::sender,
                    fmt::format("The body may have {} octets here.", body_limit));
    }
};

RequestParser::RequestParser(const RequestLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}

RequestParser::~RequestParser() = default;

Result<void> RequestParser::feed(std::string_view bytes) {
    impl_->buffer += bytes;
    return impl_->advance();
}

bool RequestParser::has_begun() const {
    return impl_->stage == Impl::Stage::head && !impl_->buffer.empty();
}

bool RequestParser::has_head() const {
    return impl_->stage != Impl::Stage::head;
}

const RequestHead& RequestParser::head() const {
    return impl_->reader->head;
}

Result<void> RequestParser::accept_body(std::uint64_t most) {
    impl_->body_limit = most;
    if (head().body_bytes.value_or(0) > most) {
        return impl_->too_large();
    }
    if (!head().has_body) {
        impl_->stage = Impl::Stage::done;
        return {};
    }
    if (!head().body_bytes && !impl_->chunks) {
        impl_->chunks = std::make_unique<ChunkDecoder>();
    }
    impl_->stage = Impl::Stage::body;
    return impl_->advance();
}

bool RequestParser::is_done() const {
    return impl_->stage == Impl::Stage::done;
}

std::size_t RequestParser::body_bytes() const {
    return impl_->body.size();
}

std::string RequestParser::take_body() {
    return std::move(impl_->body);
}

Result<void> RequestParser::next() {
    impl_->reset();
    return impl_->advance();
}

}  // namespace bulla::api

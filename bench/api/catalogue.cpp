// folders: services archive
// Fills the catalogue of an instance with messages that were never sent, so that lists can be measured: rows, sealed texts and tokens as
// real messages have them, without records and leaves.
//
//   bench_catalogue CONFIG MESSAGES
#include "archive/catalogue.h"

#include "archive/summary.h"
#include "archive/tokens.h"
#include "config/config.h"
#include "services/instance.h"

#include "../program.h"

#include <cstdint>
#include <fmt/format.h>
#include <string>

namespace {

using namespace bulla;  // NOLINT(google-build-using-namespace): a program, not a header
constexpr std::int64_t rows_a_commit = 5000;
constexpr std::int64_t microseconds_apart = 30'000'000;  // 1,000,000 messages: a year

template <class T>
T value_of(Result<T> result) {
    if (!result) {
        give_up(std::string(result.error().code) + ": " + result.error().text);
    }
    return std::move(*result);
}

archive::MessageRow make_row(std::int64_t number, MessageId id) {
    const archive::Summary summary{
        .subject = fmt::format("Invoice {} of your order, with all that belongs to it", number),
        .from = fmt::format("Anna Example <person{}@example.test>", number % 500),
        .to = {fmt::format("customer{}@example.org", number % 20011)},
        .recipients = {fmt::format("customer{}@example.org", number % 20011)},
        .message_id = fmt::format("{}@example.test", number),
        .date = "Sun, 22 Nov 2026 06:10:00 +0000",
        .role = "submission",
        .login = fmt::format("person{}", number % 500),
        .sender = fmt::format("person{}@example.test", number % 500),
        .direction = number % 3 == 0 ? "in" : "out",
        .groups = {"all"},
        .client_ip = "192.0.2.7",
        .helo = "client.example.test",
        .tls = "TLSv1.3"};
    return {.id = id,
            .archived = true,
            .role = summary.role,
            .size = 10240,
            .address = {},
            .summary = archive::write_summary(summary),
            .trace = R"({"stages":[]})",
            .terms = archive::terms_of(summary)};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        give_up("CONFIG MESSAGES");
    }
    const auto count = parse_number<std::int64_t>(argv[2]);
    const auto config = value_of(config::load_config(argv[1]));
    SystemRandom random;
    const SystemClock clock;
    const auto instance = value_of(
        services::Instance::open(config, {.mode = services::OpenMode::owner}, clock, random));
    auto connection = value_of(instance->database().connect(store::Access::read_write));
    const std::int64_t begin = to_micros(clock.now()) - (count + 1) * microseconds_apart;
    ManualClock past(from_micros(begin));
    MessageIds ids(past, 1, 0);
    for (std::int64_t done = 0; done < count;) {
        auto tx = value_of(store::Tx::begin(connection));
        for (std::int64_t i = 0; i < rows_a_commit && done < count; ++i, ++done) {
            past.advance(std::chrono::microseconds(microseconds_apart));
            const auto sealed =
                archive::seal_message(instance->vault(), make_row(done, ids.next()));
            if (const auto added = archive::insert_message(tx, sealed, {}, -1); !added) {
                give_up(added.error().text);
            }
        }
        if (const auto outcome = tx.finish(); !outcome) {
            give_up(outcome.error().text);
        }
    }
    return 0;
}

#include "services/json_time.h"
#include "services/table.h"
#include "services/traffic.h"

#include <fmt/format.h>

namespace bulla::services {
namespace {

struct Range {
    std::string_view name;
    std::int64_t minutes;  ///< In all.
    std::int64_t step;     ///< Minutes a point.
};

constexpr Range ranges[] = {
    {"1h", 60, 1}, {"24h", 24 * 60, 15}, {"7d", 7 * 24 * 60, 120}, {"30d", 30 * 24 * 60, 720}};

Result<Range> read_range(const std::string& text) {
    for (const auto& range : ranges) {
        if (range.name == text) {
            return range;
        }
    }
    return refuse("range", "service.bad_argument", "range: 1h, 24h, 7d or 30d");
}

}  // namespace

// {"range"?: 1h|24h|7d|30d} → openapi: Stats.
Result<json> show_stats(ServiceContext& context, const Caller&, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(text, in.text_or("range", "24h", 8));
    BULLA_CHECK(in.finish());
    BULLA_TRY(range, read_range(text));
    const auto now = to_micros(context.clock.now()) / 60'000'000;
    // Points begin at multiples of the step, so that they stay where they are from one minute to the next.
    const auto first = (now - range.minutes) / range.step * range.step + range.step;
    const auto points = static_cast<std::size_t>((now - first) / range.step + 1);
    json series = json::object();
    for (const auto name : traffic_series) {
        series[std::string(name)] = std::vector<std::int64_t>(points, 0);
    }
    BULLA_TRY(connection, context.database.lease());
    BULLA_TRY(rows,
              (connection->query<std::string, std::int64_t, std::int64_t>(
                  "select series, (minute - :first) / :step as point, sum(amount) from traffic "
                  "where minute >= :from "
                  "group by series, (minute - :first2) / :step2",
                  {first, range.step, first, first, range.step})));
    for (const auto& [name, point, amount] : rows) {
        if (series.contains(name) && point >= 0 && static_cast<std::size_t>(point) < points) {
            series[name][static_cast<std::size_t>(point)] = amount;
        }
    }
    return json{{"range", range.name},
                {"step", range.step * 60},
                {"from", json_time(first * 60'000'000)},
                {"until", json_time(context.clock.now())},
                {"series", std::move(series)}};
}

}  // namespace bulla::services

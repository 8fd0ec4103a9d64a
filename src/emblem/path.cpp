#include "emblem/path.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <numbers>

namespace bulla::emblem {

std::string num(double value) {
    const double hundredths = std::floor(value * 100 + 0.5);
    return hundredths == 0 ? "0" : fmt::format("{}", hundredths / 100);
}

std::string at(Point point) {
    return num(point.x) + " " + num(point.y);
}

Point polar(double angle, double radius) {
    return {.x = 50 + radius * std::sin(angle), .y = 50 - radius * std::cos(angle)};
}

Point turn(Point point, double angle) {
    return {.x = 50 + point.x * std::cos(angle) - point.y * std::sin(angle),
            .y = 50 + point.x * std::sin(angle) + point.y * std::cos(angle)};
}

std::string polygon(std::span<const Point> points) {
    std::string out;
    for (const Point& point : points) {
        out += (out.empty() ? "M" : "L") + at(point);
    }
    return out + "Z";
}

std::string circle(double radius, Point centre) {
    const std::string r = num(radius);
    const std::string top = at({.x = centre.x, .y = centre.y - radius});
    const std::string bottom = at({.x = centre.x, .y = centre.y + radius});
    return fmt::format("M{}A{} {} 0 0 1 {}A{} {} 0 0 1 {}Z", top, r, r, bottom, r, r, top);
}

std::string sector(double from, double to, double radius) {
    const std::string r = num(radius);
    return fmt::format("M50 50L{}A{} {} 0 {} 1 {}Z",
                       at(polar(from, radius)),
                       r,
                       r,
                       to - from > std::numbers::pi ? 1 : 0,
                       at(polar(to, radius)));
}

std::string strip(const Strip& strip, double radius) {
    const std::string r = num(radius);
    const double first = std::acos(std::clamp(strip.from, -radius, radius) / radius);
    const double second = std::acos(std::clamp(strip.to, -radius, radius) / radius);
    const auto corner = [&](double width, int side) {
        return at(polar(strip.angle + side * width, radius));
    };
    return fmt::format("M{}A{} {} 0 0 1 {}L{}A{} {} 0 0 1 {}Z",
                       corner(first, -1),
                       r,
                       r,
                       corner(second, -1),
                       corner(second, 1),
                       r,
                       r,
                       corner(first, 1));
}

std::string place(std::string_view path, double scale) {
    constexpr std::string_view digits = "-.0123456789";
    std::string out;
    bool needs_space = false;
    for (std::size_t i = 0; i < path.size();) {
        if (path[i] >= 'A' && path[i] <= 'Z') {
            out += path[i++];
            needs_space = false;
            continue;
        }
        if (path[i] == ' ') {
            ++i;
            continue;
        }
        const std::size_t end = std::min(path.find_first_not_of(digits, i), path.size());
        const std::string number(path.substr(i, end - i));
        out += (needs_space ? " " : "") + num(50 + std::strtod(number.c_str(), nullptr) * scale);
        needs_space = true;
        i = end;
    }
    return out;
}

}  // namespace bulla::emblem

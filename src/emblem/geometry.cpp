#include "emblem/geometry.h"

#include "emblem/path.h"

#include <cmath>
#include <fmt/format.h>
#include <numbers>

namespace bulla::emblem {
namespace {

constexpr double pi = std::numbers::pi;
constexpr double tau = 2 * pi;

std::vector<Point> regular(int n, double radius, double turned) {
    std::vector<Point> out;
    out.reserve(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i) {
        out.push_back(polar(turned + (tau * i) / n, radius));
    }
    return out;
}

std::string rounded_square(double half, double corner, double turned) {
    const double c = half - corner;
    const std::array<std::array<Point, 3>, 4> corners = {
        {{{{c, -half}, {half, -half}, {half, -c}}},
         {{{half, c}, {half, half}, {c, half}}},
         {{{-c, half}, {-half, half}, {-half, c}}},
         {{{-half, -c}, {-half, -half}, {-c, -half}}}}};
    std::string out;
    for (const auto& [a, b, d] : corners) {
        out += fmt::format("{}{}Q{} {}",
                           out.empty() ? "M" : "L",
                           at(turn(a, turned)),
                           at(turn(b, turned)),
                           at(turn(d, turned)));
    }
    return out + "Z";
}

struct Arcs {
    int n = 0;
    double radius = 0;
    bool outwards = true;  ///< Scalloped; else engrailed.
    double bend = 1;
};

std::string draw_arcs(const Arcs& arcs) {
    const auto points = regular(arcs.n, arcs.radius, pi / arcs.n);
    const double chord = 2 * arcs.radius * std::sin(pi / arcs.n);
    const std::string r = num((chord / 2) * arcs.bend);
    std::string out = "M" + at(points.front());
    for (std::size_t i = 1; i <= points.size(); ++i) {
        out += fmt::format(
            "A{} {} 0 0 {} {}", r, r, arcs.outwards ? 1 : 0, at(points[i % points.size()]));
    }
    return out + "Z";
}

std::string teeth(int n, double outer, double inner) {
    std::vector<Point> points;
    points.reserve(2 * static_cast<std::size_t>(n));
    for (int i = 0; i < 2 * n; ++i) {
        points.push_back(polar((pi * i) / n, i % 2 == 0 ? outer : inner));
    }
    return polygon(points);
}

std::string slices(int n, double r) {
    std::string out;
    for (int i = 0; i < n; ++i) {
        out += sector((tau * 2 * i) / (2 * n), (tau * (2 * i + 1)) / (2 * n), r);
    }
    return out;
}

std::string bars(double angle, double r) {
    std::string out;
    for (const int k : {-2, 0, 2}) {
        out +=
            strip({.from = ((k - 0.5) * r) / 2.5, .to = ((k + 0.5) * r) / 2.5, .angle = angle}, r);
    }
    return out;
}

}  // namespace

std::string rim_path(Rim rim) {
    switch (rim) {
        case Rim::round:
            return circle(47);
        case Rim::hexagon:
            return polygon(regular(6, 49, pi / 6));
        case Rim::hexagon_upright:
            return polygon(regular(6, 49, 0));
        case Rim::octagon:
            return polygon(regular(8, 49, pi / 8));
        case Rim::square:
            return rounded_square(42, 9, 0);
        case Rim::lozenge:
            return rounded_square(38, 12, pi / 4);
        case Rim::scallop_6:
            return draw_arcs({.n = 6, .radius = 42, .outwards = true, .bend = 1.15});
        case Rim::scallop_8:
            return draw_arcs({.n = 8, .radius = 40.5, .outwards = true, .bend = 1.05});
        case Rim::scallop_12:
            return draw_arcs({.n = 12, .radius = 39.5, .outwards = true, .bend = 1});
        case Rim::engrailed_6:
            return draw_arcs({.n = 6, .radius = 49.5, .outwards = false, .bend = 2.2});
        case Rim::engrailed_8:
            return draw_arcs({.n = 8, .radius = 49.5, .outwards = false, .bend = 1.45});
        case Rim::engrailed_12:
            return draw_arcs({.n = 12, .radius = 49.5, .outwards = false, .bend = 1.1});
        case Rim::indented_8:
            return teeth(8, 49.5, 40);
        case Rim::indented_12:
            return teeth(12, 49.5, 41);
        case Rim::indented_20:
            return teeth(20, 49, 43);
        case Rim::pentagon:
            return polygon(regular(5, 49.5, 0));
    }
    return {};
}

std::string field_path(Field field, double r) {
    const auto half = [r](double angle) { return strip({.from = 0, .to = r, .angle = angle}, r); };
    switch (field) {
        case Field::plain:
            return {};
        case Field::pale:
            return half(tau / 4);
        case Field::fess:
            return half(tau / 2);
        case Field::bend:
            return half((3 * tau) / 8);
        case Field::bend_sinister:
            return half(tau / 8);
        case Field::quarterly:
            return slices(2, r);
        case Field::saltire:
            return sector(tau / 8, (3 * tau) / 8, r) + sector((5 * tau) / 8, (7 * tau) / 8, r);
        case Field::gyronny:
            return slices(4, r);
        case Field::paly:
            return bars(tau / 4, r);
        case Field::barry:
            return bars(0, r);
        case Field::bendy:
            return bars((3 * tau) / 8, r);
        case Field::bendy_sinister:
            return bars(tau / 8, r);
        case Field::chief:
            return strip({.from = r * 0.3, .to = r, .angle = 0}, r);
        case Field::pile:
            return fmt::format("M{}A{} {} 0 0 1 {}L{}Z",
                               at(polar(-tau / 6, r)),
                               num(r),
                               num(r),
                               at(polar(tau / 6, r)),
                               at(polar(tau / 2, r)));
        case Field::tierced:
            return slices(3, r);
        case Field::bordure:
            return circle(r) + circle(r * 0.72);
    }
    return {};
}

std::vector<std::string> guilloche(const Channels& c) {
    constexpr double radius = 28.4, height = 3;
    const int steps = c.waves * 12;
    std::vector<std::string> out;
    for (int s = 0; s < c.strands; ++s) {
        std::vector<Point> points;
        for (int i = 0; i < steps; ++i) {
            const double a = (tau * i) / steps;
            const double swell =
                c.swell == 0 ? 1 : 0.6 + 0.4 * std::cos(c.swell * 2 * a + (tau * c.phase) / 16);
            points.push_back(
                polar(a, radius + height * swell * std::sin(c.waves * a + (tau * s) / c.strands)));
        }
        out.push_back(polygon(points));
    }
    return out;
}

std::string ring_of_pearls(const Channels& c, bool pearl, double radius) {
    std::string out;
    for (std::size_t i = 0; i < c.pearls.size(); ++i) {
        if (c.pearls[i] == pearl) {
            out += circle(radius, polar((tau * static_cast<double>(i)) / 12, 33.6));
        }
    }
    return out;
}

std::string crack_path(Link link) {
    constexpr auto edge = std::to_array<Point>({{-10, -52},
                                                {-3, -38},
                                                {-8, -27},
                                                {-1.5, -14},
                                                {-5, -3},
                                                {1.5, 9},
                                                {-1, 20},
                                                {4, 33},
                                                {3, 18},
                                                {5.5, 8},
                                                {0, -4},
                                                {5, -15},
                                                {0.5, -28},
                                                {7, -39},
                                                {4, -52}});
    const double a = (tau * static_cast<int>(link)) / 5;
    std::vector<Point> points;
    points.reserve(edge.size());
    for (const Point& point : edge) {
        points.push_back(turn(point, a));
    }
    return polygon(points);
}

}  // namespace bulla::emblem

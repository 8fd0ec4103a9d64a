#include "emblem/charges.h"

#include <cmath>
#include <fmt/format.h>
#include <numbers>

namespace bulla::emblem {
namespace {

// A cubic arc of a quarter circle has its control points at 0.5523 of the radius.
std::string disc(double cx, double cy, double r) {
    const double k = r * 0.5523;
    const auto p = [](double x, double y) { return fmt::format("{} {}", x, y); };
    const auto curve = [&](const std::string& a, const std::string& b, const std::string& c) {
        return "C" + a + " " + b + " " + c;
    };
    return "M" + p(cx, cy - r) + curve(p(cx + k, cy - r), p(cx + r, cy - k), p(cx + r, cy)) +
           curve(p(cx + r, cy + k), p(cx + k, cy + r), p(cx, cy + r)) +
           curve(p(cx - k, cy + r), p(cx - r, cy + k), p(cx - r, cy)) +
           curve(p(cx - r, cy - k), p(cx - k, cy - r), p(cx, cy - r)) + "Z";
}

std::string star(int points, double outer, double inner) {
    std::string path;
    for (int i = 0; i < 2 * points; ++i) {
        const double r = i % 2 == 0 ? outer : inner;
        const double a = (std::numbers::pi * i) / points;
        path +=
            fmt::format("{}{:.2f} {:.2f}", i == 0 ? 'M' : 'L', r * std::sin(a), -r * std::cos(a));
    }
    return path + "Z";
}

}  // namespace

std::string charge_path(Charge charge) {
    switch (charge) {
        case Charge::cross:
            return "M-4 -12L4 -12L2.4 -2.4L12 -4L12 4L2.4 2.4L4 12L-4 12L-2.4 2.4L-12 4L-12 "
                   "-4L-2.4 -2.4Z";
        case Charge::saltire:
            return "M-7.5 -11L0 -3.700L7.5 -11L11 -7.500L3.7 0L11 7.500L7.5 11L0 3.700L-7.5 11L-11 "
                   "7.500L-3.7 0L-11 -7.500Z";
        case Charge::star:
            return star(5, 12.5, 5);
        case Charge::sun:
            return star(8, 12.5, 6.5) + disc(0, 0, 3.2);
        case Charge::crescent:
            return "M-5 -11.500C-14 -6 -14 6 -5 11.500C0 14 8 13 11.5 6C3 9.5 -3.5 5.5 -3.5 0C-3.5 "
                   "-5.5 3 -9.5 11.5 -6C8 -13 0 -14 -5 -11.500Z";
        case Charge::tower:
            return "M-9 -12L-5 -12L-5 -9L-2 -9L-2 -12L2 -12L2 -9L5 -9L5 -12L9 -12L9 -5L6.5 -3L6.5 "
                   "8L9 8L9 12L2.5 12L2.5 7C2.5 3 -2.5 3 -2.5 7L-2.5 12L-9 12L-9 8L-6.5 8L-6.5 "
                   "-3L-9 -5Z";
        case Charge::key:
            return disc(0, -6.5, 6) + disc(0, -6.5, 2.6) +
                   "M-1.7 -1L1.7 -1L1.7 3L6.5 3L6.5 6L1.7 6L1.7 8.500L8 8.500L8 12L-1.7 12Z";
        case Charge::bell:
            return "M-1.8 -12L1.8 -12L1.8 -9.500C6.5 -8.5 7.5 -4 7.5 0C7.5 4 8.5 5.5 10.5 "
                   "7.500L-10.5 7.500C-8.5 5.5 -7.5 4 -7.5 0C-7.5 -4 -6.5 -8.5 -1.8 -9.500ZM-3.5 "
                   "9L3.5 9C3.5 13.2 -3.5 13.2 -3.5 9Z";
        case Charge::lozenge:
            return "M0 -13L10.5 0L0 13L-10.5 0ZM0 -5.500L-4.5 0L0 5.500L4.5 0Z";
        case Charge::ring:
            return disc(0, 0, 11) + disc(0, 0, 6);
        case Charge::quatrefoil:
            return disc(0, -6.4, 5.2) + disc(6.4, 0, 5.2) + disc(0, 6.4, 5.2) + disc(-6.4, 0, 5.2);
        case Charge::lily:
            return "M0 -13C3.5 -9 4 -5 2 1.500L4 1.500C3.5 -4 6 -7.5 9 -7.500C13 -7.5 13 -1.5 9 "
                   "-1.500C8 -1.5 7.5 -2 7.2 -2.600C6 -1 6 1 6.5 1.500L8 1.500L8 5L2.5 5C3 8 4.5 "
                   "10.5 6 12L-6 12C-4.5 10.5 -3 8 -2.5 5L-8 5L-8 1.500L-6.5 1.500C-6 1 -6 -1 -7.2 "
                   "-2.600C-7.5 -2 -8 -1.5 -9 -1.500C-13 -1.5 -13 -7.5 -9 -7.500C-6 -7.5 -3.5 -4 "
                   "-4 1.500L-2 1.500C-4 -5 -3.5 -9 0 -13Z";
        case Charge::arrowhead:
            return "M0 -13L10 9L3.5 5L2 12L-2 12L-3.5 5L-10 9Z";
        case Charge::crown:
            return "M-11 8L-12 -7L-6 -1L0 -11L6 -1L12 -7L11 8ZM-10.5 9.500L10.5 9.500L10.5 "
                   "12.500L-10.5 12.500Z";
        case Charge::anchor:
            return disc(0, -9.6, 3.4) + disc(0, -9.6, 1.3) +
                   "M-1.6 -6L1.6 -6L1.6 -4.500L6 -4.500L6 -1.500L1.6 -1.500L1.6 8C5 7.5 7 5.5 7.5 "
                   "3L5 3.500L9.5 -1.500L12 4.500L10.3 3.500C9.5 8.5 5.5 12.5 0 12.500C-5.5 12.5 "
                   "-9.5 8.5 -10.3 3.500L-12 4.500L-9.5 -1.500L-5 3.500L-7.5 3C-7 5.5 -5 7.5 -1.6 "
                   "8L-1.6 -1.500L-6 -1.500L-6 -4.500L-1.6 -4.500Z";
        case Charge::heart:
            return "M0 12.500C-4 8.5 -12 3 -12 -4C-12 -11.5 -3 -13 0 -6.500C3 -13 12 -11.5 12 "
                   "-4C12 3 4 8.5 0 12.500Z";
    }
    return {};
}

}  // namespace bulla::emblem

#pragma once
#include <span>
#include <string>
#include <string_view>

// Paths as texts with one spelling, so that two programs draw the same seal.

namespace bulla::emblem {

struct Point {
    double x = 50, y = 50;
};

/// A coordinate: at most two decimals, no trailing zeros, no negative zero.
[[nodiscard]] std::string num(double value);
[[nodiscard]] std::string at(Point point);
/// The point at `angle` (radians, clockwise from twelve o'clock) and `radius` around (50, 50).
[[nodiscard]] Point polar(double angle, double radius);
/// Turned around (50, 50) and moved there from (0, 0).
[[nodiscard]] Point turn(Point point, double angle);
[[nodiscard]] std::string polygon(std::span<const Point> points);
[[nodiscard]] std::string circle(double radius, Point centre = {});
/// A slice of the disc, clockwise between two angles less than a full turn apart.
[[nodiscard]] std::string sector(double from, double to, double radius);

/// What lies between two parallel lines, at signed distances from the middle in the direction `angle`.
struct Strip {
    double from = 0, to = 0, angle = 0;
};

[[nodiscard]] std::string strip(const Strip& strip, double radius);
/// A path of M, L, C, Q and Z with absolute coordinates, scaled and moved to (50, 50).
[[nodiscard]] std::string place(std::string_view path, double scale);

}  // namespace bulla::emblem

#pragma once
// The only way by which Asio comes in. Its definitions are compiled once, in asio.cpp. Sockets are used for their readiness alone: reading and
// writing are plain system calls, so that what can be done at once costs no trip through the event loop.
#define BOOST_ASIO_SEPARATE_COMPILATION
#define BOOST_ASIO_NO_DEPRECATED

#include <boost/asio/io_context.hpp>

namespace asio = boost::asio;

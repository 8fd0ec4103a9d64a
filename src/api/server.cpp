#include "api/server.h"

#include "api/connection.h"

#include <utility>

namespace bulla::api {

bool HttpShared::enter(HttpConnection& connection) {
    const std::scoped_lock lock(mutex_);
    connections_.insert(&connection);
    return !stopping_;
}

void HttpShared::leave(HttpConnection& connection) {
    const std::scoped_lock lock(mutex_);
    connections_.erase(&connection);
}

void HttpShared::stop() {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    for (HttpConnection* const connection : connections_) {
        connection->notify_stop();
    }
}

std::size_t HttpShared::count() const {
    const std::scoped_lock lock(mutex_);
    return connections_.size();
}

HttpServer::HttpServer(HttpContext context)
    : context_(std::move(context)), shared_(std::make_shared<HttpShared>()) {}

HttpServer::~HttpServer() = default;

void HttpServer::start(net::Runtime& runtime, net::Listener socket, bool tls) {
    sockets_.push_back(std::make_unique<net::Listener>(std::move(socket)));
    sockets_.back()->serve(
        runtime,
        [this, tls](std::unique_ptr<net::Stream> stream) { return serve(std::move(stream), tls); },
        "http " + sockets_.back()->local().text());
}

void HttpServer::stop() {
    for (const auto& socket : sockets_) {
        socket->close();
    }
    context_.events.stop();
    shared_->stop();
}

std::size_t HttpServer::connections() const {
    return shared_->count();
}

net::Task<void> HttpServer::serve(std::unique_ptr<net::Stream> stream, bool tls) {
    auto connection = std::make_shared<HttpConnection>(context_, std::move(stream), shared_, tls);
    co_await HttpConnection::run(std::move(connection));
}

}  // namespace bulla::api

#include "gateway/doors/smtp_connection.h"

namespace bulla::gateway {

bool SmtpSessions::enter(SmtpConnection& connection) {
    const std::lock_guard lock(mutex_);
    connections_.insert(&connection);
    return !stopping_;
}

void SmtpSessions::leave(SmtpConnection& connection) {
    const std::lock_guard lock(mutex_);
    connections_.erase(&connection);
}

void SmtpSessions::stop() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (SmtpConnection* connection : connections_) {
        connection->notify_stop();
    }
}

std::size_t SmtpSessions::count() const {
    const std::lock_guard lock(mutex_);
    return connections_.size();
}

}  // namespace bulla::gateway

/// The levels of log messages (RFC 5424).
package enum LogLevel: String, Sendable, Hashable, CaseIterable {
    case debug, info, notice, warning, error, critical, alert, emergency
}

/// The levels of log messages (RFC 5424).
package enum LogLevel: String, Sendable, Hashable, CaseIterable {
    case debug, info, notice, warning, error, critical, alert, emergency

    /// Least severe first.
    private var severity: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension LogLevel: Comparable {
    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.severity < right.severity }
}

extension Message {
    /// The level of an upstream's log message; nil for anything else.
    package var loggedLevel: LogLevel? {
        guard kind == .notification, method == Method.logMessage else { return nil }
        return paramText("level").flatMap { LogLevel(rawValue: $0) }
    }
}

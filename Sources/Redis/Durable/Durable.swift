/// How many replicas must have a command's writes, and how long they are waited for.
package struct Durable: Sendable, Hashable {
    /// 1 to 16.
    package let replicas: Int
    /// Milliseconds, 1 to 30,000.
    package let timeout: Int64

    /// Both are brought within their bounds: to WAIT a timeout of 0 would mean for ever.
    package init(replicas: Int, timeout: Int64) {
        self.replicas = min(max(replicas, 1), 16)
        self.timeout = min(max(timeout, 1), Self.longest)
    }

    /// The longest wait, milliseconds.
    static let longest: Int64 = 30_000
}

/// A reply, and how many replicas had everything that the server had written by then.
package struct Acknowledged: Sendable, Hashable {
    package let value: RedisValue
    package let replicas: Int

    package init(value: RedisValue, replicas: Int) {
        self.value = value
        self.replicas = replicas
    }
}

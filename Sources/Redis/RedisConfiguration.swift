/// Where Redis is, who we are to it, and how long we wait.
package struct RedisConfiguration: Sendable {
    package var host: String
    package var port: Int
    package var credentials: Credentials?
    package var database: Int
    /// Nil: plain TCP.
    package var tls: RedisTLS?
    /// How long a command may take, its wait for a connection and all its retries included.
    package var commandTimeout: Duration = .seconds(2)
    /// How long connecting may take, up to the last reply of the handshake.
    package var connectTimeout: Duration = .seconds(2)
    /// What `CLIENT LIST` shows.
    package var clientName = "satgate"
    /// Unanswered and waiting commands of one connection beyond which a command fails at once.
    package var pendingCommands = 16_384
    /// The same, in bytes of arguments.
    package var pendingBytes = 64 << 20
    /// How often a ready connection asks for the server's clock and role.
    package var heartbeat: Duration = .seconds(10)

    package init(host: String, port: Int = 6379, credentials: Credentials? = nil, database: Int = 0, tls: RedisTLS? = nil) {
        self.host = host
        self.port = port
        self.credentials = credentials
        self.database = database
        self.tls = tls
    }

    /// What AUTH is sent; never shown.
    package struct Credentials: Sendable, CustomStringConvertible, CustomReflectable {
        let user: String?
        let password: String

        /// Nil user: Redis' `default`.
        package init(user: String?, password: String) {
            self.user = user
            self.password = password
        }

        package var description: String { "[redacted]" }
        package var customMirror: Mirror { Mirror(self, children: []) }
    }
}

extension RedisConfiguration: CustomStringConvertible {
    /// The address and database, without credentials.
    package var description: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return "\(tls == nil ? "redis" : "rediss")://\(host):\(port)/\(database)"
    }
}

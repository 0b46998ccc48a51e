/// Where Redis is, who we are to it, and how long we wait.
package struct RedisConfiguration: Sendable {
    package var place: Place
    package var secrets: RedisSecrets
    /// Who we are to sentinels; nil: nobody. They are reached over the same TLS as Redis.
    package var sentinelSecrets: RedisSecrets?
    package var database: Int
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
    /// Whom connections lead to.
    var peer = Peer.master
    /// How long to wait before connecting again.
    var reconnect = Backoff.reconnect

    package init(_ place: Place, secrets: RedisSecrets = RedisSecrets(), database: Int = 0) {
        self.place = place
        self.secrets = secrets
        self.database = database
    }

    /// One server.
    package init(
        host: String, port: Int = 6379, credentials: RedisCredentials? = nil, database: Int = 0, tls: RedisTLS? = nil
    ) {
        self.init(.single(ServerAddress(host: host, port: port)), secrets: RedisSecrets(credentials, tls: tls), database: database)
    }

    /// What a server must be to be talked to.
    enum Peer: String, Sendable {
        case master = "Redis"
        case sentinel = "a sentinel"
    }

    /// Which servers there are, and how the one to ask is found.
    package enum Place: Sendable, Hashable {
        /// Always this one.
        case single(ServerAddress)
        /// The master that most of these sentinels name.
        case sentinels([ServerAddress], master: String)
        /// The owner of a slot, as any of these servers of a cluster tells.
        case cluster([ServerAddress])
    }
}

extension RedisConfiguration: CustomStringConvertible {
    /// The addresses and the database, without credentials.
    package var description: String {
        let scheme = secrets.isSecure ? "rediss" : "redis"
        return switch place {
        case .single(let address): "\(scheme)://\(address)/\(database)"
        case .sentinels(let addresses, let master): "\(scheme)+sentinel://\(Self.list(addresses))/\(master)/\(database)"
        case .cluster(let addresses): "\(scheme)+cluster://\(Self.list(addresses))"
        }
    }

    private static func list(_ addresses: [ServerAddress]) -> String { addresses.map(\.description).joined(separator: ",") }
}

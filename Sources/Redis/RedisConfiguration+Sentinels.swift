extension RedisConfiguration {
    /// Fit for its place: where another server may take over, a connection asks every second whether it still leads to a master.
    var adapted: RedisConfiguration {
        guard case .sentinels = place else { return self }
        var adapted = self
        adapted.heartbeat = min(heartbeat, .seconds(1))
        return adapted
    }

    /// As of connections to the sentinels.
    var ofSentinels: RedisConfiguration {
        var adapted = self
        let secrets = sentinelSecrets ?? RedisSecrets()
        adapted.secrets = self.secrets.tls.map { secrets.with($0) } ?? secrets
        adapted.peer = .sentinel
        adapted.database = 0
        adapted.commandTimeout = .milliseconds(500)
        adapted.connectTimeout = min(connectTimeout, .seconds(1))
        adapted.reconnect = Backoff(first: .milliseconds(20), cap: .seconds(2))
        return adapted
    }
}

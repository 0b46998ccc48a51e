package import Gateway
package import Governance
package import Redis

/// The outbox in Redis: of each stream its events, and a hash that says how it stands.
package final class RedisOutbox: Outbox {
    private let redis: RedisClient
    private let scripts: StoreScripts
    private let tenants: TenantKeyCache
    private let channels: NodeChannels
    private let reader: NodeID
    private let mostEvents: Int64 = 1000
    private let mostBytes: Int64 = 4 << 20
    private let pageSize: Int64 = 100

    /// `reader`: the node that reads, which is told when there is more of what it has taken up.
    package init(redis: RedisClient, names: KeyNames = .standard, scripts: StoreScripts = .embedded, reader: NodeID = NodeID()) {
        channels = NodeChannels(redis, names: names)
        self.reader = reader
        self.redis = redis
        self.scripts = scripts
        tenants = TenantKeyCache(names)
    }

    package func append(_ event: KeptEvent, of stream: AnswerStream, from origin: AnswerOrigin) async throws(StoreError) -> Int64? {
        let reply = try await redis.run(
            scripts.outboxAppend, keys: keys(stream),
            arguments: [
                .integer(event.sequence), .bytes(event.data), .text(origin.node.text), .bytes(origin.requests), event.isLast ? 1 : 0,
                .integer(mostEvents), .integer(mostBytes),
            ])
        guard let fields = reply.elements, fields.count == 2, let fence = fields[0].number else { throw .corrupt("outbox_append") }
        await tell(fields[1], that: stream)
        return fence < 0 ? nil : fence
    }

    package func read(_ stream: AnswerStream, after sequence: Int64, fence: Int64?) async throws(StoreError) -> OutboxPage? {
        let reply = try await redis.run(
            scripts.outboxRead, keys: keys(stream),
            arguments: [.integer(sequence), .integer(fence ?? 0), .integer(pageSize), .text(reader.text)])
        guard let fields = reply.elements else { throw .corrupt("outbox_read") }
        if fields.isEmpty { return nil }
        guard fields.count >= 7, fields.count % 2 == 1, let fence = fields[0].number, let first = fields[1].number,
            let last = fields[2].number, let node = fields[3].text.flatMap({ NodeID($0) }), let requests = fields[4].bytes
        else { throw .corrupt("outbox_read") }
        await tell(fields[6], that: stream)
        var events: [(sequence: Int64, data: [UInt8])] = []
        for index in stride(from: 7, to: fields.count, by: 2) {
            guard let sequence = fields[index].number, let data = fields[index + 1].bytes else { throw .corrupt("outbox_read") }
            events.append((sequence, data))
        }
        return OutboxPage(
            fence: fence, first: first, last: last, origin: AnswerOrigin(node: node, requests: requests), hasEnded: fields[5].number == 1,
            events: events)
    }

    package func post(_ message: [UInt8], to stream: AnswerStream, from node: NodeID) async throws(StoreError) -> PostedMessage? {
        let reply = try await redis.run(
            scripts.outboxPost, keys: keys(stream),
            arguments: [.bytes(message), .text(node.text), .integer(mostEvents), .integer(mostBytes)], idempotent: false)
        guard let fields = reply.elements else { throw .corrupt("outbox_post") }
        if fields.isEmpty { return nil }
        guard fields.count == 2, let sequence = fields[0].number else { throw .corrupt("outbox_post") }
        return PostedMessage(sequence: sequence, holder: fields[1].text.flatMap { NodeID($0) })
    }

    package func holder(of session: SessionID, of tenant: TenantName) async throws(StoreError) -> NodeID? {
        try await redis.command(["HGET", .text(tenants.keys(of: tenant).session(session)), "listener"]).text.flatMap { NodeID($0) }
    }

    package func release(_ session: SessionID, of tenant: TenantName, fence: Int64) async throws(StoreError) {
        _ = try await redis.run(
            scripts.streamRelease, keys: [tenants.keys(of: tenant).session(session)], arguments: [.integer(fence)])
    }

    /// Tells the node that reads the stream, where there is one, that there is more of it, or that another reads it now. Where this is lost it finds
    /// out by its next look.
    private func tell(_ node: RedisValue, that stream: AnswerStream) async {
        guard let node = node.text.flatMap({ NodeID($0) }) else { return }
        _ = try? await channels.send(.answerWentOn(stream.session, stream: stream.name), to: node)
    }

    private func keys(_ stream: AnswerStream) -> [String] {
        let keys = tenants.keys(of: stream.tenant)
        return [keys.session(stream.session), keys.outbox(stream.session, stream.name), keys.outboxState(stream.session, stream.name)]
    }
}

import Glibc

/// What an agent without a handshake says of itself in each of its requests, judged and read once for all of them that say the same.
package final class AgentDescription: Sendable {
    let revision: String
    /// The tokens as they were written; `info` is nil where it says none.
    private let revisionToken, capabilities: [UInt8]
    private let info: [UInt8]?
    /// All that stood in the `_meta` in which it said so.
    let meta: KnownMeta?
    /// The agent's name and version, as it tells them.
    package let client: String?
    /// Both tokens that describe it, as they were written.
    package let sender: [UInt8]
    package let profile: ClientProfile

    /// What a request that was judged says; nil where that is too long.
    package init?(_ request: StatelessRequest, in message: Message) {
        let document = message.document
        guard let profile = StatelessRequest.profile(in: message), let place = document.value(.protocolVersion, in: .paramsMeta),
            let revision = document.text(place), let capabilities = document.value(.clientCapabilities, in: .paramsMeta)
        else { return nil }
        self.revision = revision
        revisionToken = document.raw(place)
        self.capabilities = document.raw(capabilities)
        self.profile = profile
        meta = KnownMeta(of: document)
        info = document.value(.clientInfo, in: .paramsMeta).map { document.raw($0) }
        client = request.client
        sender = request.sender
    }

    /// True where the message says the same in the same bytes; it was read with this description in hand, or with none.
    package func isRepeated(in message: Message) -> Bool {
        let document = message.document
        if document.repeatsMeta { return true }
        guard let revision = document.value(.protocolVersion, in: .paramsMeta),
            let capabilities = document.value(.clientCapabilities, in: .paramsMeta)
        else { return false }
        let info = document.value(.clientInfo, in: .paramsMeta)
        guard (info == nil) == (self.info == nil) else { return false }
        return document.bytes.withUnsafeBytes { bytes in
            Self.are(bytes[revision], revisionToken) && Self.are(bytes[capabilities], self.capabilities)
                && info.map { Self.are(bytes[$0], self.info ?? []) } ?? true
        }
    }

    private static func are(_ bytes: Slice<UnsafeRawBufferPointer>, _ known: [UInt8]) -> Bool {
        UnsafeRawBufferPointer(rebasing: bytes).holds(known)
    }
}

extension UnsafeRawBufferPointer {
    /// True for the same bytes.
    func holds(_ other: [UInt8]) -> Bool { other.withUnsafeBytes { holds($0) } }

    /// True for the bytes of the text.
    func holds(_ text: String) -> Bool {
        text.utf8.withContiguousStorageIfAvailable { holds(UnsafeRawBufferPointer($0)) } ?? holds(Array(text.utf8))
    }

    /// True for the same bytes.
    func holds(_ other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count, let left = baseAddress, let right = other.baseAddress else { return count == other.count }
        return memcmp(left, right, count) == 0
    }
}
